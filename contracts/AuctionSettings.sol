// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// What the governance of the auction may change, and what it was started with.
abstract contract AuctionSettings {
    uint16 internal constant HUNDRED_PERCENT = 10_000;
    uint128 internal constant INITIAL_MINIMAL_BID = 10 ether;

    uint8 public immutable BLOCKS_PER_SLOT;
    uint128 public genesisBlock;
    address public governanceAddress;
    string public bootCoordinatorURL;

    uint8 internal slotDeadline;
    uint16 internal closedAuctionSlots = 2;
    uint16 internal openAuctionSlots = 4320;
    uint16 internal outbidding = 1000;
    /// Burnt, donated, to the governance; of 10000.
    uint16[3] internal allocationRatio = [4000, 4000, 2000];
    uint128[6] internal defaultSlotSetBid;
    address internal donationAddress;
    address internal bootCoordinator;

    event NewSlotDeadline(uint8 newSlotDeadline);
    event NewClosedAuctionSlots(uint16 newClosedAuctionSlots);
    event NewOpenAuctionSlots(uint16 newOpenAuctionSlots);
    event NewOutbidding(uint16 newOutbidding);
    event NewDonationAddress(address indexed newDonationAddress);
    event NewBootCoordinator(address indexed bootCoordinator, string bootCoordinatorURL);
    event NewAllocationRatio(uint16[3] newAllocationRatio);
    event NewDefaultSlotSetBid(uint128 slotSet, uint128 newInitialMinBid);

    modifier onlyGovernance() {
        require(msg.sender == governanceAddress, "HermezAuctionProtocol::onlyGovernance: ONLY_GOVERNANCE");
        _;
    }

    constructor(uint8 blocksPerSlot, uint8 deadline) {
        require(blocksPerSlot > 0 && deadline <= blocksPerSlot, "HermezAuctionProtocol::constructor: BAD_SLOTS");
        BLOCKS_PER_SLOT = blocksPerSlot;
        slotDeadline = deadline;
        for (uint256 i = 0; i < 6; i++) defaultSlotSetBid[i] = INITIAL_MINIMAL_BID;
    }

    function setSlotDeadline(uint8 newDeadline) external onlyGovernance {
        require(newDeadline <= BLOCKS_PER_SLOT, "HermezAuctionProtocol::setSlotDeadline: GREATER_THAN_BLOCKS_PER_SLOT");
        slotDeadline = newDeadline;
        emit NewSlotDeadline(newDeadline);
    }

    function setClosedAuctionSlots(uint16 newClosedAuctionSlots) external onlyGovernance {
        closedAuctionSlots = newClosedAuctionSlots;
        emit NewClosedAuctionSlots(newClosedAuctionSlots);
    }

    function setOpenAuctionSlots(uint16 newOpenAuctionSlots) external onlyGovernance {
        openAuctionSlots = newOpenAuctionSlots;
        emit NewOpenAuctionSlots(newOpenAuctionSlots);
    }

    function setOutbidding(uint16 newOutbidding) external onlyGovernance {
        require(newOutbidding > 1 && newOutbidding < HUNDRED_PERCENT, "HermezAuctionProtocol::setOutbidding: NOT_VALID");
        outbidding = newOutbidding;
        emit NewOutbidding(newOutbidding);
    }

    function setDonationAddress(address newDonationAddress) external onlyGovernance {
        require(newDonationAddress != address(0), "HermezAuctionProtocol::setDonationAddress: NOT_VALID_ADDRESS");
        donationAddress = newDonationAddress;
        emit NewDonationAddress(newDonationAddress);
    }

    function setBootCoordinator(address newBootCoordinator, string calldata url) external onlyGovernance {
        bootCoordinator = newBootCoordinator;
        bootCoordinatorURL = url;
        emit NewBootCoordinator(newBootCoordinator, url);
    }

    function setAllocationRatio(uint16[3] calldata ratio) external onlyGovernance {
        require(
            uint256(ratio[0]) + ratio[1] + ratio[2] == HUNDRED_PERCENT,
            "HermezAuctionProtocol::setAllocationRatio: ALLOCATION_RATIO_NOT_VALID"
        );
        allocationRatio = ratio;
        emit NewAllocationRatio(ratio);
    }

    /// Slots whose auction is closed already keep the bid that held when they closed.
    function changeDefaultSlotSetBid(uint128 slotSet, uint128 newInitialMinBid) external onlyGovernance {
        require(slotSet < 6, "HermezAuctionProtocol::changeDefaultSlotSetBid: NOT_VALID_SLOT_SET");
        _keepClosedMinBid(slotSet, defaultSlotSetBid[slotSet]);
        defaultSlotSetBid[slotSet] = newInitialMinBid;
        emit NewDefaultSlotSetBid(slotSet, newInitialMinBid);
    }

    function getSlotDeadline() external view returns (uint8) {
        return slotDeadline;
    }

    function getClosedAuctionSlots() external view returns (uint16) {
        return closedAuctionSlots;
    }

    function getOpenAuctionSlots() external view returns (uint16) {
        return openAuctionSlots;
    }

    function getOutbidding() external view returns (uint16) {
        return outbidding;
    }

    function getAllocationRatio() external view returns (uint16[3] memory) {
        return allocationRatio;
    }

    function getDonationAddress() external view returns (address) {
        return donationAddress;
    }

    function getBootCoordinator() external view returns (address) {
        return bootCoordinator;
    }

    function getDefaultSlotSetBid(uint8 slotSet) external view returns (uint128) {
        return defaultSlotSetBid[slotSet];
    }

    function _keepClosedMinBid(uint128 slotSet, uint128 minBid) internal virtual;
}
