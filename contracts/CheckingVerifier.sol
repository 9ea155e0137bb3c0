// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IVerifier} from "./interfaces/IVerifier.sol";

/// For local chains and tests only: proves nothing, and accepts exactly the "proof" whose first number is the public input.
/// A prover that computed another public input than the contract is refused, as a real verifier would refuse it.
contract CheckingVerifier is IVerifier {
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata,
        uint256[2] calldata,
        uint256[1] calldata input
    ) external pure returns (bool) {
        return a[0] == input[0];
    }
}
