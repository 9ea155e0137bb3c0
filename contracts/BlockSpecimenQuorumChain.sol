// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SpecimenProofChain} from "./proof-chain/SpecimenProofChain.sol";

/// Block specimens as in the contracts of 2024: closing a session tells which validators agreed, and pays nothing.
contract BlockSpecimenQuorumChain is SpecimenProofChain {
    event BlockSpecimenQuorum(
        uint64 indexed chainId,
        uint64 indexed blockHeight,
        uint256 validatorBitMap,
        bytes32 indexed blockHash,
        bytes32 specimenHash
    );

    function finalizeSpecimenSession(uint64 chainId, uint64 blockHeight) external {
        _finalize(chainId, blockHeight);
    }

    function _isQuorum(uint256 share) internal view override returns (bool) {
        return share >= quorum;
    }

    function _announceAgreement(uint64 chainId, uint64 height, Agreement memory agreed) internal override {
        uint256 bits = _bitMap(_participants(chainId, height, agreed.blockHash, agreed.proofHash));
        emit BlockSpecimenQuorum(chainId, height, bits, agreed.blockHash, agreed.proofHash);
    }
}
