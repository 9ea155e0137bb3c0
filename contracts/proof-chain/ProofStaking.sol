// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// Validators, what they have staked and what they have earned: the part of a staking contract that proof chains use.
/// For local chains and tests: amounts are plain numbers, nothing is paid out.
contract ProofStaking {
    struct Validator {
        address account;
        uint128 staked;
        uint128 commissionRate;
        uint128 rewarded;
        uint256 disabledAtBlock;
    }

    address public immutable owner;
    Validator[] private validators;
    mapping(address => bool) public isManager;

    event ValidatorAdded(uint128 indexed validatorId, address validator, uint128 commissionRate);
    event ValidatorDisabled(uint128 indexed validatorId, uint256 blockNumber);
    event Staked(uint128 indexed validatorId, uint128 amount);
    event Rewarded(uint128 indexed validatorId, uint128 amount);

    modifier onlyManager() {
        require(isManager[msg.sender], "Caller is not a staking manager");
        _;
    }

    constructor() {
        owner = msg.sender;
    }

    /// Proof chains are managers: they add validators and reward them.
    function setManager(address account, bool allowed) external {
        require(msg.sender == owner, "Caller is not the owner");
        isManager[account] = allowed;
    }

    function addValidator(address account, uint128 commissionRate) external onlyManager returns (uint128 id) {
        id = uint128(validators.length);
        validators.push(Validator(account, 0, commissionRate, 0, 0));
        emit ValidatorAdded(id, account, commissionRate);
    }

    function disableValidator(uint128 id, uint256 blockNumber) external onlyManager {
        validators[id].disabledAtBlock = blockNumber;
        emit ValidatorDisabled(id, blockNumber);
    }

    function stake(uint128 id, uint128 amount) external {
        validators[id].staked += amount;
        emit Staked(id, amount);
    }

    function rewardValidators(uint128[] calldata ids, uint128[] calldata amounts) external onlyManager {
        for (uint256 i = 0; i < ids.length; i++) {
            validators[ids[i]].rewarded += amounts[i];
            emit Rewarded(ids[i], amounts[i]);
        }
    }

    function stakeOf(uint128 id) external view returns (uint128) {
        return validators[id].staked;
    }

    function validatorOf(uint128 id) external view returns (Validator memory) {
        return validators[id];
    }

    function validatorsCount() external view returns (uint128) {
        return uint128(validators.length);
    }
}
