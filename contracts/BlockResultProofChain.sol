// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ResultProofChain} from "./proof-chain/ResultProofChain.sol";

/// Block results, first generation: closing a session pays its reward.
contract BlockResultProofChain is ResultProofChain {
    event BlockResultRewardAwarded(
        uint64 indexed chainId,
        uint64 indexed blockHeight,
        bytes32 indexed blockSpecimenHash,
        bytes32 resulthash
    );

    function finalizeAndRewardResultSession(uint64 chainId, uint64 blockHeight) external {
        _finalize(chainId, blockHeight);
    }

    /// An auditor's word on a closed session: those who submitted this hash are rewarded.
    function arbitrateBlockResultSession(
        uint64 chainId,
        uint64 blockHeight,
        bytes32 blockSpecimenHash,
        bytes32 definitiveResultHash
    ) external onlyAuditor {
        require(_session(chainId, blockHeight).closed, "Session must be finalized before audit");
        _reward(_participants(chainId, blockHeight, blockSpecimenHash, definitiveResultHash));
        emit BlockResultRewardAwarded(chainId, blockHeight, blockSpecimenHash, definitiveResultHash);
    }

    function _isQuorum(uint256 share) internal view virtual override returns (bool) {
        return share > quorum;
    }

    function _announceAgreement(uint64 chainId, uint64 height, Agreement memory agreed) internal virtual override {
        _reward(_participants(chainId, height, agreed.blockHash, agreed.proofHash));
        emit BlockResultRewardAwarded(chainId, height, agreed.blockHash, agreed.proofHash);
    }
}
