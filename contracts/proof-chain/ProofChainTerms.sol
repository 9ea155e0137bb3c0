// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ProofChainAccess} from "./ProofChainAccess.sol";

/// What governance sets: the terms of sessions, and of each source chain which blocks may be proved and when.
abstract contract ProofChainTerms is ProofChainAccess {
    struct ChainTerms {
        uint256 blockOnTargetChain;
        uint256 blockOnCurrentChain;
        uint256 secondsPerBlock;
        uint128 allowedThreshold;
        uint128 maxSubmissionsPerBlockHeight;
        uint64 nthBlock;
    }

    uint256 internal constant UNIT = 10 ** 18;

    uint64 internal sessionDuration;
    uint64 internal minSubmissions;
    uint128 internal requiredStake;
    uint128 internal rewardAllocation;
    uint256 internal quorum;
    uint256 internal secondsPerBlockHere;
    mapping(uint64 => ChainTerms) private termsOf;

    event BlockHeightSubmissionThresholdChanged(uint64 indexed chainId, uint64 threshold);
    event ChainSyncDataChanged(
        uint64 indexed chainId,
        uint256 blockOnTargetChain,
        uint256 blockOnCurrentChain,
        uint256 secondsPerBlock
    );
    event MaxSubmissionsPerBlockHeightChanged(uint256 maxSubmissions);
    event MinimumRequiredStakeChanged(uint128 newStakeRequirement);
    event NthBlockChanged(uint64 indexed chainId, uint64 indexed nthBlock);
    event SecondsPerBlockChanged(uint64 indexed secondsPerBlock);

    function _initializeTerms() internal override {
        sessionDuration = 240;
        minSubmissions = 2;
        quorum = UNIT / 2;
        rewardAllocation = uint128(UNIT / 10_000);
        secondsPerBlockHere = 12;
    }

    function setChainSyncData(
        uint64 chainId,
        uint256 blockOnTargetChain,
        uint256 blockOnCurrentChain,
        uint256 secondsPerBlock
    ) external onlyGovernor {
        require(secondsPerBlock > 0, "Seconds per block cannot be 0");
        ChainTerms storage terms = termsOf[chainId];
        terms.blockOnTargetChain = blockOnTargetChain;
        terms.blockOnCurrentChain = blockOnCurrentChain;
        terms.secondsPerBlock = secondsPerBlock;
        emit ChainSyncDataChanged(chainId, blockOnTargetChain, blockOnCurrentChain, secondsPerBlock);
    }

    function setBlockHeightSubmissionsThreshold(uint64 chainId, uint64 threshold) external onlyGovernor {
        termsOf[chainId].allowedThreshold = threshold;
        emit BlockHeightSubmissionThresholdChanged(chainId, threshold);
    }

    function setMaxSubmissionsPerBlockHeight(uint64 chainId, uint64 maxSubmissions) external onlyGovernor {
        termsOf[chainId].maxSubmissionsPerBlockHeight = maxSubmissions;
        emit MaxSubmissionsPerBlockHeightChanged(maxSubmissions);
    }

    /// 0 takes the chain off.
    function setNthBlock(uint64 chainId, uint64 n) external onlyGovernor {
        termsOf[chainId].nthBlock = n;
        emit NthBlockChanged(chainId, n);
    }

    function setSecondsPerBlock(uint64 secondsPerBlock) external onlyGovernor {
        secondsPerBlockHere = secondsPerBlock;
        emit SecondsPerBlockChanged(secondsPerBlock);
    }

    function getChainData(
        uint64 chainId
    )
        external
        view
        returns (
            uint256 blockOnTargetChain,
            uint256 blockOnCurrentChain,
            uint256 secondsPerBlock,
            uint128 allowedThreshold,
            uint128 maxSubmissionsPerBlockHeight,
            uint64 nthBlock
        )
    {
        ChainTerms storage terms = termsOf[chainId];
        return (
            terms.blockOnTargetChain,
            terms.blockOnCurrentChain,
            terms.secondsPerBlock,
            terms.allowedThreshold,
            terms.maxSubmissionsPerBlockHeight,
            terms.nthBlock
        );
    }

    function _setRequiredStake(uint128 amount) internal {
        requiredStake = amount;
        emit MinimumRequiredStakeChanged(amount);
    }

    /// Refuses blocks that are not to be proved, and of live chains those far from the present one.
    function _requireInTerms(uint64 chainId, uint64 height) internal view {
        ChainTerms storage terms = termsOf[chainId];
        require(terms.nthBlock > 0, "Invalid chain ID");
        require(height % terms.nthBlock == 0, "Invalid block height");
        uint256 threshold = terms.allowedThreshold;
        if (threshold == 0) return;
        uint256 passed = (block.number - terms.blockOnCurrentChain) * secondsPerBlockHere;
        uint256 present = terms.blockOnTargetChain + passed / terms.secondsPerBlock;
        require(
            height <= present + threshold && height + threshold >= present,
            "Block height is out of bounds for live sync"
        );
    }

    function _maxSubmissions(uint64 chainId) internal view returns (uint256) {
        return termsOf[chainId].maxSubmissionsPerBlockHeight;
    }
}
