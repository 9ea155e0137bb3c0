// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BlockResultProofChain} from "../BlockResultProofChain.sol";
import {BlockSpecimenProofChain} from "../BlockSpecimenProofChain.sol";
import {ProofChain} from "../proof-chain/ProofChain.sol";

/// Many sessions in one transaction, for measurements; otherwise as the contract it is added to.
abstract contract SessionsInBulk is ProofChain {
    /// Sessions of `count` heights, `step` apart, each with one submission of `operator` to be rewarded; until `deadline`.
    function openMany(
        uint64 chainId,
        uint64 first,
        uint64 count,
        uint64 step,
        uint64 deadline,
        address operator
    ) external {
        for (uint64 i = 0; i < count; i++) {
            uint64 height = first + i * step;
            _start(chainId, height, deadline);
            bytes32 hash = bytes32(uint256(height));
            _record(_session(chainId, height), operator, hash, hash);
            _announceSubmission(chainId, height, hash);
        }
    }

    /// Sessions that were opened, submitted to and closed long ago, as far as their events tell.
    function settledMany(uint64 chainId, uint64 first, uint64 count, uint64 step) external {
        for (uint64 i = 0; i < count; i++) {
            uint64 height = first + i * step;
            _announceStart(chainId, height, uint64(block.number));
            _session(chainId, height).closed = true;
            bytes32 hash = bytes32(uint256(height));
            _announceSubmission(chainId, height, hash);
            _announceAgreement(chainId, height, Agreement(hash, hash, 0));
        }
    }

    function _announceSubmission(uint64 chainId, uint64 height, bytes32 hash) internal virtual;
}

contract BulkSpecimenProofChain is BlockSpecimenProofChain, SessionsInBulk {
    function _announceSubmission(uint64 chainId, uint64 height, bytes32 hash) internal override {
        emit BlockSpecimenProductionProofSubmitted(chainId, height, hash, hash, "ipfs://somewhere", 0);
    }

    function _isQuorum(uint256 share) internal view override(ProofChain, BlockSpecimenProofChain) returns (bool) {
        return super._isQuorum(share);
    }

    function _announceAgreement(
        uint64 chainId,
        uint64 height,
        Agreement memory agreed
    ) internal override(ProofChain, BlockSpecimenProofChain) {
        super._announceAgreement(chainId, height, agreed);
    }
}

contract BulkResultProofChain is BlockResultProofChain, SessionsInBulk {
    function _announceSubmission(uint64 chainId, uint64 height, bytes32 hash) internal override {
        emit BlockResultProductionProofSubmitted(chainId, height, hash, hash, "ipfs://somewhere", 0);
    }

    function _isQuorum(uint256 share) internal view override(ProofChain, BlockResultProofChain) returns (bool) {
        return super._isQuorum(share);
    }

    function _announceAgreement(
        uint64 chainId,
        uint64 height,
        Agreement memory agreed
    ) internal override(ProofChain, BlockResultProofChain) {
        super._announceAgreement(chainId, height, agreed);
    }
}
