// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// Says whether a Groth16 proof holds for one public input.
interface IVerifier {
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[1] calldata input
    ) external view returns (bool);
}
