// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ProofChain} from "./ProofChain.sol";

/// A proof chain of block results, under the names that their operators and governors use.
abstract contract ResultProofChain is ProofChain {
    bytes32 public constant BLOCK_RESULT_PRODUCER_ROLE = keccak256("BLOCK_RESULT_PRODUCER_ROLE");

    event BlockResultProductionProofSubmitted(
        uint64 chainId,
        uint64 blockHeight,
        bytes32 blockSpecimenHash,
        bytes32 resultHash,
        string storageURL,
        uint128 submittedStake
    );
    event BlockResultRewardChanged(uint128 newBlockResultRewardAllocation);
    event ResultSessionDurationChanged(uint64 newSessionDuration);
    event ResultSessionMinSubmissionChanged(uint64 minSubmissions);
    event ResultSessionQuorumChanged(uint256 newQuorumThreshold);

    function submitBlockResultProof(
        uint64 chainId,
        uint64 blockHeight,
        bytes32 blockSpecimenHash,
        bytes32 resultHash,
        string calldata storageURL
    ) external {
        require(
            operatorRoles[msg.sender] == BLOCK_RESULT_PRODUCER_ROLE,
            "Sender is not BLOCK_RESULT_PRODUCER_ROLE"
        );
        uint128 stake = _submit(chainId, blockHeight, blockSpecimenHash, resultHash, storageURL);
        emit BlockResultProductionProofSubmitted(chainId, blockHeight, blockSpecimenHash, resultHash, storageURL, stake);
    }

    function addBRPOperator(address operator, uint128 validatorId) external onlyGovernor {
        _addOperator(operator, validatorId, BLOCK_RESULT_PRODUCER_ROLE);
    }

    function removeBRPOperator(address operator) external onlyGovernor {
        _removeOperator(operator, BLOCK_RESULT_PRODUCER_ROLE);
    }

    function enableBRPOperator(address operator) external onlyGovernor {
        _enable(operator, true);
    }

    function disableBRPOperator(address operator) external onlyGovernor {
        _enable(operator, false);
    }

    function setBRPRequiredStake(uint128 newStakeAmount) external onlyGovernor {
        _setRequiredStake(newStakeAmount);
    }

    function setBlockResultReward(uint128 newBlockResultReward) external onlyGovernor {
        rewardAllocation = newBlockResultReward;
        emit BlockResultRewardChanged(newBlockResultReward);
    }

    function setBlockResultSessionDuration(uint64 newSessionDuration) external onlyGovernor {
        sessionDuration = newSessionDuration;
        emit ResultSessionDurationChanged(newSessionDuration);
    }

    function setMinSubmissionsRequired(uint64 minimum) external onlyGovernor {
        minSubmissions = minimum;
        emit ResultSessionMinSubmissionChanged(minimum);
    }

    function setQuorumThreshold(uint256 threshold) external onlyGovernor {
        quorum = threshold;
        emit ResultSessionQuorumChanged(threshold);
    }

    function getMetadata()
        external
        view
        returns (
            address stakingInterface,
            uint128 blockResultRewardAllocation,
            uint64 blockResultSessionDuration,
            uint64 minSubmissionsRequired,
            uint256 blockResultQuorum,
            uint256 secondsPerBlock
        )
    {
        return (address(staking), rewardAllocation, sessionDuration, minSubmissions, quorum, secondsPerBlockHere);
    }

    function getBRPRoleData() external view returns (uint128 required, address[] memory activeMembers) {
        return (requiredStake, _members(BLOCK_RESULT_PRODUCER_ROLE));
    }

    function getAllOperators()
        external
        view
        returns (address[] memory brps, address[] memory governors, address[] memory auditors)
    {
        return (_members(BLOCK_RESULT_PRODUCER_ROLE), _members(GOVERNANCE_ROLE), _members(AUDITOR_ROLE));
    }
}
