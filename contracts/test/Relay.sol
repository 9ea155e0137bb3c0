// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// Calls another contract, so that a test can be a sender that is not the transaction's origin.
contract Relay {
    function relay(address target, bytes calldata data) external {
        (bool done, bytes memory answer) = target.call(data);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}
