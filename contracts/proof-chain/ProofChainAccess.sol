// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ProofStaking} from "./ProofStaking.sol";

/// Who may do what on a proof chain: its owner, governors, auditors, and operators that submit for validators.
abstract contract ProofChainAccess {
    bytes32 public constant GOVERNANCE_ROLE = keccak256("GOVERNANCE_ROLE");
    bytes32 public constant AUDITOR_ROLE = keccak256("AUDITOR_ROLE");

    address public owner;
    ProofStaking internal staking;
    mapping(address => bytes32) public operatorRoles;
    mapping(address => uint128) public validatorIDs;
    mapping(uint128 => address[]) private operatorsOf;
    mapping(address => bool) private enabled;
    mapping(bytes32 => address[]) private membersOf;
    bool private initialized;

    event Initialized(uint8 version);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
    event OperatorAdded(address operator, uint128 validatorId, bytes32 role);
    event OperatorRemoved(address operator);
    event OperatorEnabled(address operator);
    event OperatorDisabled(address operator);
    event StakingInterfaceChanged(address newInterfaceAddress);

    modifier onlyOwner() {
        require(msg.sender == owner, "Ownable: caller is not the owner");
        _;
    }

    modifier onlyGovernor() {
        require(operatorRoles[msg.sender] == GOVERNANCE_ROLE, "Sender is not GOVERNANCE_ROLE");
        _;
    }

    modifier onlyAuditor() {
        require(operatorRoles[msg.sender] == AUDITOR_ROLE, "Sender is not AUDITOR_ROLE");
        _;
    }

    function initialize(address initialOwner, address stakingContract) external {
        require(!initialized, "Initializable: contract is already initialized");
        require(initialOwner != address(0) && stakingContract != address(0), "Invalid address");
        initialized = true;
        _setOwner(initialOwner);
        _setStaking(stakingContract);
        _initializeTerms();
        emit Initialized(1);
    }

    function transferOwnership(address newOwner) external onlyOwner {
        require(newOwner != address(0), "Ownable: new owner is the zero address");
        _setOwner(newOwner);
    }

    function renounceOwnership() external onlyOwner {
        _setOwner(address(0));
    }

    function addGovernor(address governor) external onlyOwner {
        _addMember(governor, 0, GOVERNANCE_ROLE);
    }

    function removeGovernor(address governor) external onlyOwner {
        _removeMember(governor, GOVERNANCE_ROLE);
    }

    function addAuditor(address auditor) external onlyGovernor {
        _addMember(auditor, 0, AUDITOR_ROLE);
    }

    function removeAuditor(address auditor) external onlyGovernor {
        _removeMember(auditor, AUDITOR_ROLE);
    }

    function addValidator(address validator, uint128 commissionRate) external onlyGovernor {
        staking.addValidator(validator, commissionRate);
    }

    function disableValidator(uint128 validatorId, uint256 blockNumber) external onlyGovernor {
        staking.disableValidator(validatorId, blockNumber);
    }

    function setStakingInterface(address stakingContractAddress) external onlyOwner {
        _setStaking(stakingContractAddress);
    }

    function isEnabled(address operator) external view returns (bool) {
        return enabled[operator];
    }

    function getOperators(uint128 validatorId) external view returns (address[] memory) {
        return operatorsOf[validatorId];
    }

    function _initializeTerms() internal virtual;

    function _addOperator(address operator, uint128 validatorId, bytes32 role) internal {
        require(validatorId < staking.validatorsCount(), "Validator does not exist");
        _addMember(operator, validatorId, role);
        operatorsOf[validatorId].push(operator);
        enabled[operator] = true;
    }

    function _removeOperator(address operator, bytes32 role) internal {
        _removeMember(operator, role);
        _remove(operatorsOf[validatorIDs[operator]], operator);
        delete validatorIDs[operator];
        delete enabled[operator];
    }

    function _enable(address operator, bool on) internal {
        require(enabled[operator] != on, on ? "Operator is already enabled" : "Operator is already disabled");
        enabled[operator] = on;
        if (on) emit OperatorEnabled(operator);
        else emit OperatorDisabled(operator);
    }

    function _members(bytes32 role) internal view returns (address[] memory) {
        return membersOf[role];
    }

    /// Answers the validator an enabled operator submits for.
    function _validatorOf(address operator) internal view returns (uint128) {
        require(enabled[operator], "Operator is disabled");
        return validatorIDs[operator];
    }

    function _addMember(address account, uint128 validatorId, bytes32 role) private {
        require(operatorRoles[account] == bytes32(0), "Operator already exists");
        operatorRoles[account] = role;
        validatorIDs[account] = validatorId;
        membersOf[role].push(account);
        emit OperatorAdded(account, validatorId, role);
    }

    function _removeMember(address account, bytes32 role) private {
        require(operatorRoles[account] == role, "Operator does not exist");
        delete operatorRoles[account];
        _remove(membersOf[role], account);
        emit OperatorRemoved(account);
    }

    function _remove(address[] storage list, address account) private {
        for (uint256 i = 0; i < list.length; i++) {
            if (list[i] != account) continue;
            list[i] = list[list.length - 1];
            list.pop();
            return;
        }
    }

    function _setOwner(address newOwner) private {
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }

    function _setStaking(address stakingContract) private {
        staking = ProofStaking(stakingContract);
        emit StakingInterfaceChanged(stakingContract);
    }
}
