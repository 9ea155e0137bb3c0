// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// What the rollup asks of the auction: may this account forge now, and note that it did.
interface IAuction {
    function canForge(address forger, uint256 blockNumber) external view returns (bool);

    function forge(address forger) external;
}
