// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ProofChain} from "./ProofChain.sol";

/// A proof chain of block specimens, under the names that their operators and governors use.
abstract contract SpecimenProofChain is ProofChain {
    bytes32 public constant BLOCK_SPECIMEN_PRODUCER_ROLE = keccak256("BLOCK_SPECIMEN_PRODUCER_ROLE");

    event BlockSpecimenProductionProofSubmitted(
        uint64 chainId,
        uint64 blockHeight,
        bytes32 blockHash,
        bytes32 specimenHash,
        string storageURL,
        uint128 submittedStake
    );
    event BlockSpecimenRewardChanged(uint128 newBlockSpecimenRewardAllocation);
    event SpecimenSessionDurationChanged(uint64 newSessionDuration);
    event SpecimenSessionMinSubmissionChanged(uint64 minSubmissions);
    event SpecimenSessionQuorumChanged(uint256 newQuorumThreshold);

    function submitBlockSpecimenProof(
        uint64 chainId,
        uint64 blockHeight,
        bytes32 blockHash,
        bytes32 specimenHash,
        string calldata storageURL
    ) external {
        require(
            operatorRoles[msg.sender] == BLOCK_SPECIMEN_PRODUCER_ROLE,
            "Sender is not BLOCK_SPECIMEN_PRODUCER_ROLE"
        );
        uint128 stake = _submit(chainId, blockHeight, blockHash, specimenHash, storageURL);
        emit BlockSpecimenProductionProofSubmitted(chainId, blockHeight, blockHash, specimenHash, storageURL, stake);
    }

    function addBSPOperator(address operator, uint128 validatorId) external onlyGovernor {
        _addOperator(operator, validatorId, BLOCK_SPECIMEN_PRODUCER_ROLE);
    }

    function removeBSPOperator(address operator) external onlyGovernor {
        _removeOperator(operator, BLOCK_SPECIMEN_PRODUCER_ROLE);
    }

    function enableBSPOperator(address operator) external onlyGovernor {
        _enable(operator, true);
    }

    function disableBSPOperator(address operator) external onlyGovernor {
        _enable(operator, false);
    }

    function setBSPRequiredStake(uint128 newStakeAmount) external onlyGovernor {
        _setRequiredStake(newStakeAmount);
    }

    function setBlockSpecimenReward(uint128 newBlockSpecimenReward) external onlyGovernor {
        rewardAllocation = newBlockSpecimenReward;
        emit BlockSpecimenRewardChanged(newBlockSpecimenReward);
    }

    function setBlockSpecimenSessionDuration(uint64 newSessionDuration) external onlyGovernor {
        sessionDuration = newSessionDuration;
        emit SpecimenSessionDurationChanged(newSessionDuration);
    }

    function setMinSubmissionsRequired(uint64 minimum) external onlyGovernor {
        minSubmissions = minimum;
        emit SpecimenSessionMinSubmissionChanged(minimum);
    }

    function setQuorumThreshold(uint256 threshold) external onlyGovernor {
        quorum = threshold;
        emit SpecimenSessionQuorumChanged(threshold);
    }

    function getMetadata()
        external
        view
        returns (
            address stakingInterface,
            uint128 blockSpecimenRewardAllocation,
            uint64 blockSpecimenSessionDuration,
            uint64 minSubmissionsRequired,
            uint256 blockSpecimenQuorum,
            uint256 secondsPerBlock
        )
    {
        return (address(staking), rewardAllocation, sessionDuration, minSubmissions, quorum, secondsPerBlockHere);
    }

    function getBSPRoleData() external view returns (uint128 required, address[] memory activeMembers) {
        return (requiredStake, _members(BLOCK_SPECIMEN_PRODUCER_ROLE));
    }

    function getAllOperators()
        external
        view
        returns (address[] memory bsps, address[] memory governors, address[] memory auditors)
    {
        return (_members(BLOCK_SPECIMEN_PRODUCER_ROLE), _members(GOVERNANCE_ROLE), _members(AUDITOR_ROLE));
    }
}
