// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AuctionSettings} from "./AuctionSettings.sol";
import {IAuction} from "./interfaces/IAuction.sol";
import {IToken} from "./interfaces/IToken.sol";
import {TokenMover} from "./TokenMover.sol";

/// Sells the right to forge, slot by slot, with the interface and rules of the Hermez auction. For local chains and tests.
/// The winner of a slot forges in it; a boot coordinator does when nobody bid; anybody may after the slot's deadline when
/// nobody forged before it.
contract Auction is AuctionSettings, TokenMover, IAuction {
    struct Slot {
        address bidder;
        bool fulfilled;
        bool forgerCommitment;
        uint128 bidAmount;
        uint128 closedMinBid;
    }

    struct Coordinator {
        address forger;
        string coordinatorURL;
    }

    address private immutable deployer = msg.sender;

    address public tokenHEZ;
    address public hermezRollup;
    mapping(uint128 => Slot) public slots;
    mapping(address => Coordinator) public coordinators;
    mapping(address => uint128) public pendingBalances;

    event NewBid(uint128 indexed slot, uint128 bidAmount, address indexed bidder);
    event NewForge(address indexed forger, uint128 indexed slotToForge);
    event NewForgeAllocated(
        address indexed bidder,
        address indexed forger,
        uint128 indexed slotToForge,
        uint128 burnAmount,
        uint128 donationAmount,
        uint128 governanceAmount
    );
    event SetCoordinator(address indexed bidder, address indexed forger, string coordinatorURL);
    event HEZClaimed(address indexed owner, uint128 amount);
    event InitializeHermezAuctionProtocolEvent(
        address donationAddress,
        address bootCoordinatorAddress,
        string bootCoordinatorURL,
        uint16 outbidding,
        uint8 slotDeadline,
        uint16 closedAuctionSlots,
        uint16 openAuctionSlots,
        uint16[3] allocationRatio
    );

    constructor(uint8 blocksPerSlot, uint8 deadline) AuctionSettings(blocksPerSlot, deadline) {}

    /// Once, by the deployer. Forging is possible from block `genesis` on.
    function hermezAuctionProtocolInitializer(
        address token,
        uint128 genesis,
        address rollup,
        address governance,
        address donation,
        address bootCoordinator_,
        string calldata bootCoordinatorURL_
    ) external {
        require(
            msg.sender == deployer && hermezRollup == address(0),
            "HermezAuctionProtocol::hermezAuctionProtocolInitializer: ALREADY_DONE"
        );
        require(rollup != address(0), "HermezAuctionProtocol::hermezAuctionProtocolInitializer: ADDRESS_0_NOT_VALID");
        require(
            genesis >= block.number,
            "HermezAuctionProtocol::hermezAuctionProtocolInitializer: GENESIS_BELOW_MINIMAL"
        );
        tokenHEZ = token;
        genesisBlock = genesis;
        hermezRollup = rollup;
        governanceAddress = governance;
        donationAddress = donation;
        bootCoordinator = bootCoordinator_;
        bootCoordinatorURL = bootCoordinatorURL_;
        emit InitializeHermezAuctionProtocolEvent(
            donation,
            bootCoordinator_,
            bootCoordinatorURL_,
            outbidding,
            slotDeadline,
            closedAuctionSlots,
            openAuctionSlots,
            allocationRatio
        );
    }

    /// Names the account that forges for the sender's bids.
    function setCoordinator(address forger, string calldata coordinatorURL) external {
        require(forger != address(0), "HermezAuctionProtocol::setCoordinator: ADDRESS_0_NOT_VALID");
        coordinators[msg.sender] = Coordinator(forger, coordinatorURL);
        emit SetCoordinator(msg.sender, forger, coordinatorURL);
    }

    /// Pays in `amount` and bids `bidAmount`, from what was paid in and not yet used, for one slot.
    function processBid(uint128 amount, uint128 slot, uint128 bidAmount, bytes calldata permit) external {
        _requireCoordinator();
        require(slot >= _firstOpenSlot(), "HermezAuctionProtocol::processBid: AUCTION_CLOSED");
        require(slot < _firstOpenSlot() + openAuctionSlots, "HermezAuctionProtocol::processBid: AUCTION_NOT_OPEN");
        require(bidAmount >= getMinBidBySlot(slot), "HermezAuctionProtocol::processBid: BELOW_MINIMUM");
        _payIn(amount, permit);
        _bid(slot, bidAmount);
    }

    /// Bids for all slots of a range whose slot set is wanted: `minBid`, or the slot's minimum up to `maxBid`.
    function processMultiBid(
        uint128 amount,
        uint128 startingSlot,
        uint128 endingSlot,
        bool[6] calldata slotSets,
        uint128 maxBid,
        uint128 minBid,
        bytes calldata permit
    ) external {
        _requireCoordinator();
        require(startingSlot >= _firstOpenSlot(), "HermezAuctionProtocol::processMultiBid: AUCTION_CLOSED");
        require(
            endingSlot < _firstOpenSlot() + openAuctionSlots,
            "HermezAuctionProtocol::processMultiBid: AUCTION_NOT_OPEN"
        );
        require(maxBid >= minBid, "HermezAuctionProtocol::processMultiBid: MAXBID_GREATER_THAN_MINBID");
        _payIn(amount, permit);
        for (uint128 slot = startingSlot; slot <= endingSlot; slot++) {
            uint128 least = getMinBidBySlot(slot);
            if (!slotSets[slot % 6] || least > maxBid) continue;
            _bid(slot, least > minBid ? least : minBid);
        }
    }

    /// Pays out what the sender paid in, was outbid with, or earned.
    function claimHEZ() external {
        uint128 amount = pendingBalances[msg.sender];
        require(amount > 0, "HermezAuctionProtocol::claimHEZ: NOT_ENOUGH_BALANCE");
        pendingBalances[msg.sender] = 0;
        _send(tokenHEZ, msg.sender, amount);
        emit HEZClaimed(msg.sender, amount);
    }

    /// Called by the rollup for each batch. The first one before the deadline commits the slot to its forger; the first
    /// one at all has the winning bid distributed.
    function forge(address forger) external {
        require(msg.sender == hermezRollup, "HermezAuctionProtocol::forge: ONLY_HERMEZ_ROLLUP");
        require(canForge(forger, block.number), "HermezAuctionProtocol::forge: CANNOT_FORGE");
        uint128 current = getCurrentSlotNumber();
        Slot storage slot = slots[current];
        if (_relativeBlock(uint128(block.number)) < slotDeadline) slot.forgerCommitment = true;
        if (!slot.fulfilled) {
            slot.fulfilled = true;
            if (slot.bidAmount != 0) _settle(slot, current, forger);
        }
        emit NewForge(forger, current);
    }

    function canForge(address forger, uint256 blockNumber) public view returns (bool) {
        require(blockNumber < 2 ** 128, "HermezAuctionProtocol::canForge: WRONG_BLOCK_NUMBER");
        require(blockNumber >= genesisBlock, "HermezAuctionProtocol::canForge: AUCTION_NOT_STARTED");
        uint128 number = getSlotNumber(uint128(blockNumber));
        Slot storage slot = slots[number];
        if (!slot.forgerCommitment && _relativeBlock(uint128(blockNumber)) >= slotDeadline) return true;
        bool enough = slot.bidAmount >= _closedMinBid(slot, number);
        if (enough && coordinators[slot.bidder].forger == forger) return true;
        return bootCoordinator == forger && (slot.bidAmount == 0 || !enough);
    }

    /// The least that a bid for the slot must be now: above the standing bid, or above the default, by `outbidding`.
    function getMinBidBySlot(uint128 slot) public view returns (uint128) {
        require(slot >= _firstOpenSlot(), "HermezAuctionProtocol::getMinBidBySlot: AUCTION_CLOSED");
        uint128 base = slots[slot].bidAmount == 0 ? defaultSlotSetBid[slot % 6] : slots[slot].bidAmount;
        return base + (base * outbidding) / HUNDRED_PERCENT;
    }

    function getSlotNumber(uint128 blockNumber) public view returns (uint128) {
        return blockNumber >= genesisBlock ? (blockNumber - genesisBlock) / BLOCKS_PER_SLOT : 0;
    }

    function getCurrentSlotNumber() public view returns (uint128) {
        return getSlotNumber(uint128(block.number));
    }

    function getSlotSet(uint128 slot) external pure returns (uint128) {
        return slot % 6;
    }

    function getClaimableHEZ(address bidder) external view returns (uint128) {
        return pendingBalances[bidder];
    }

    function _relativeBlock(uint128 blockNumber) private view returns (uint128) {
        return (blockNumber - genesisBlock) % BLOCKS_PER_SLOT;
    }

    function _firstOpenSlot() private view returns (uint128) {
        return getCurrentSlotNumber() + closedAuctionSlots + 1;
    }

    function _closedMinBid(Slot storage slot, uint128 number) private view returns (uint128) {
        return slot.closedMinBid == 0 ? defaultSlotSetBid[number % 6] : slot.closedMinBid;
    }

    function _requireCoordinator() private view {
        require(
            coordinators[msg.sender].forger != address(0),
            "HermezAuctionProtocol::processBid: COORDINATOR_NOT_REGISTERED"
        );
    }

    function _payIn(uint128 amount, bytes calldata permit) private {
        if (amount == 0) return;
        if (permit.length != 0) _permit(tokenHEZ, amount, permit);
        _take(tokenHEZ, msg.sender, amount);
        pendingBalances[msg.sender] += amount;
    }

    function _bid(uint128 number, uint128 bidAmount) private {
        require(pendingBalances[msg.sender] >= bidAmount, "HermezAuctionProtocol::_doBid: NOT_ENOUGH_BALANCE");
        Slot storage slot = slots[number];
        pendingBalances[msg.sender] -= bidAmount;
        pendingBalances[slot.bidder] += slot.bidAmount;
        slot.bidder = msg.sender;
        slot.bidAmount = bidAmount;
        emit NewBid(number, bidAmount, msg.sender);
    }

    /// A bid that fell below the minimum goes back to its bidder; any other is burnt, donated and given out.
    function _settle(Slot storage slot, uint128 number, address forger) private {
        uint128 bid = slot.bidAmount;
        if (bid < _closedMinBid(slot, number)) {
            pendingBalances[slot.bidder] += bid;
            return;
        }
        uint128 burnt = (bid * allocationRatio[0]) / HUNDRED_PERCENT;
        uint128 donated = (bid * allocationRatio[1]) / HUNDRED_PERCENT;
        uint128 governed = bid - burnt - donated;
        require(IToken(tokenHEZ).burn(burnt), "HermezAuctionProtocol::forge: TOKEN_BURN_FAILED");
        pendingBalances[donationAddress] += donated;
        pendingBalances[governanceAddress] += governed;
        emit NewForgeAllocated(slot.bidder, forger, number, burnt, donated, governed);
    }

    function _keepClosedMinBid(uint128 slotSet, uint128 minBid) internal override {
        uint128 current = getCurrentSlotNumber();
        for (uint128 number = current; number <= current + closedAuctionSlots; number++) {
            if (number % 6 == slotSet && slots[number].closedMinBid == 0) slots[number].closedMinBid = minBid;
        }
    }
}
