// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAuction} from "./interfaces/IAuction.sol";
import {IToken} from "./interfaces/IToken.sol";
import {IVerifier} from "./interfaces/IVerifier.sol";
import {RollupQueue} from "./RollupQueue.sol";
import {TokenMover} from "./TokenMover.sol";

/// A zk-rollup for local chains and tests with the interface, requirements and public input of the Hermez rollup.
/// Everything a forger and a depositor meet is here; withdrawals from the rollup are not.
contract Rollup is RollupQueue, TokenMover {
    struct Verifier {
        IVerifier verifierInterface;
        uint256 maxTx;
        uint256 nLevels;
    }

    /// What forgeBatch was given that goes into the public input, taken together to spare the stack.
    struct Batch {
        uint48 newLastIdx;
        uint256 newStRoot;
        uint256 newExitRoot;
        bytes l1Data;
        uint256 maxTx;
        uint256 indexBytes;
    }

    uint8 public constant ABSOLUTE_MAX_L1L2BATCHTIMEOUT = 240;
    uint256 private constant MAX_L1_TX = 256;
    uint256 private constant MAX_FEE_IDX = 64;
    uint256 private constant L1_COORDINATOR_TX_BYTES = 101;
    uint48 private constant LAST_RESERVED_IDX = 255;
    uint48 private constant EXIT_IDX = 1;
    uint256 private constant FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    address private constant NO_ETH_ADDRESS = address(type(uint160).max);
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant AUTHORISE_TYPEHASH =
        keccak256("Authorise(string Provider,string Authorisation,bytes32 BJJKey)");

    address private immutable deployer = msg.sender;

    Verifier[] public rollupVerifiers;
    uint48 public lastIdx;
    uint32 public lastForgedBatch;
    mapping(uint32 => uint256) public stateRootMap;
    mapping(uint32 => uint256) public exitRootsMap;
    mapping(uint32 => bytes32) public l1L2TxsDataHashMap;
    uint64 public lastL1L2Batch;
    uint8 public forgeL1L2BatchTimeout;
    address[] public tokenList;
    mapping(address => uint256) public tokenMap;
    uint256 public feeAddToken;
    address public hermezAuctionContract;
    address public tokenHEZ;
    address public hermezGovernanceAddress;
    address public withdrawVerifier;
    address public withdrawDelayerContract;
    uint64 public withdrawalDelay;

    event ForgeBatch(uint32 indexed batchNum, uint16 l1UserTxsLen);
    event AddToken(address indexed tokenAddress, uint32 tokenID);
    event UpdateForgeL1L2BatchTimeout(uint8 newForgeL1L2BatchTimeout);
    event UpdateFeeAddToken(uint256 newFeeAddToken);
    event InitializeHermezEvent(uint8 forgeL1L2BatchTimeout, uint256 feeAddToken, uint64 withdrawalDelay);
    // not sent by this contract, listed so that one ABI reads both
    event WithdrawEvent(uint48 indexed idx, uint32 indexed numExitRoot, bool indexed instantWithdraw);
    event UpdateWithdrawalDelay(uint64 newWithdrawalDelay);
    event UpdateBucketsParameters(uint256[] arrayBuckets);
    event UpdateTokenExchange(address[] addressArray, uint64[] valueArray);
    event SafeMode();
    event hermezV2();

    modifier onlyGovernance() {
        require(msg.sender == hermezGovernanceAddress, "Hermez::onlyGovernance: ONLY_GOVERNANCE_ADDRESS");
        _;
    }

    /// Once, by the deployer. `verifiersParams[i]` has nLevels in its top 8 bits and maxTx in the rest.
    function initializeHermez(
        address[] calldata verifiers,
        uint256[] calldata verifiersParams,
        address withdrawVerifier_,
        address auction,
        address tokenHEZ_,
        uint8 forgeL1L2BatchTimeout_,
        uint256 feeAddToken_,
        address,
        address,
        address,
        address governance,
        uint64 withdrawalDelay_,
        address withdrawDelayer
    ) external {
        require(msg.sender == deployer && hermezAuctionContract == address(0), "Hermez::initializeHermez: ALREADY_DONE");
        require(auction != address(0) && withdrawDelayer != address(0), "Hermez::initializeHermez: ADDRESS_0_NOT_VALID");
        require(verifiers.length == verifiersParams.length, "Hermez::initializeHermez: VERIFIERS_DO_NOT_MATCH");
        require(forgeL1L2BatchTimeout_ <= ABSOLUTE_MAX_L1L2BATCHTIMEOUT, "Hermez::initializeHermez: TIMEOUT_TOO_LONG");
        for (uint256 i = 0; i < verifiers.length; i++) {
            uint256 parameters = verifiersParams[i];
            rollupVerifiers.push(Verifier(IVerifier(verifiers[i]), (parameters << 8) >> 8, parameters >> 248));
        }
        withdrawVerifier = withdrawVerifier_;
        hermezAuctionContract = auction;
        tokenHEZ = tokenHEZ_;
        forgeL1L2BatchTimeout = forgeL1L2BatchTimeout_;
        feeAddToken = feeAddToken_;
        hermezGovernanceAddress = governance;
        withdrawalDelay = withdrawalDelay_;
        withdrawDelayerContract = withdrawDelayer;
        lastIdx = LAST_RESERVED_IDX;
        nextL1FillingQueue = 1;
        tokenList.push(address(0)); // token 0 is the chain's own coin
        emit InitializeHermezEvent(forgeL1L2BatchTimeout_, feeAddToken_, withdrawalDelay_);
    }

    /// The state moves on by one batch, if the proof holds for exactly these arguments and this contract's own state.
    function forgeBatch(
        uint48 newLastIdx,
        uint256 newStRoot,
        uint256 newExitRoot,
        bytes calldata encodedL1CoordinatorTx,
        bytes calldata l1L2TxsData,
        bytes calldata feeIdxCoordinator,
        uint8 verifierIdx,
        bool l1Batch,
        uint256[2] calldata proofA,
        uint256[2][2] calldata proofB,
        uint256[2] calldata proofC
    ) external {
        require(msg.sender == tx.origin, "Hermez::forgeBatch: INTENAL_TX_NOT_ALLOWED");
        require(
            IAuction(hermezAuctionContract).canForge(msg.sender, block.number),
            "Hermez::forgeBatch: AUCTION_DENIED"
        );
        if (!l1Batch) {
            require(
                block.number < uint256(lastL1L2Batch) + forgeL1L2BatchTimeout,
                "Hermez::forgeBatch: L1L2BATCH_REQUIRED"
            );
        }
        Verifier memory verifier = rollupVerifiers[verifierIdx];
        Batch memory batch = Batch(newLastIdx, newStRoot, newExitRoot, "", verifier.maxTx, verifier.nLevels / 8);
        uint256 userTxs;
        (batch.l1Data, userTxs) = _buildL1Data(encodedL1CoordinatorTx, l1Batch);
        uint256 input = _publicInput(batch, l1L2TxsData, feeIdxCoordinator);
        require(
            verifier.verifierInterface.verifyProof(proofA, proofB, proofC, [input]),
            "Hermez::forgeBatch: INVALID_PROOF"
        );
        lastIdx = newLastIdx;
        uint32 batchNum = ++lastForgedBatch;
        stateRootMap[batchNum] = newStRoot;
        exitRootsMap[batchNum] = newExitRoot;
        l1L2TxsDataHashMap[batchNum] = sha256(l1L2TxsData);
        if (l1Batch) {
            lastL1L2Batch = uint64(block.number);
            _nextQueue();
        }
        IAuction(hermezAuctionContract).forge(msg.sender);
        emit ForgeBatch(batchNum, uint16(userTxs));
    }

    /// Puts a deposit, transfer or exit that the forgers cannot leave out into the queue being filled.
    function addL1Transaction(
        uint256 babyPubKey,
        uint48 fromIdx,
        uint40 loadAmountF,
        uint40 amountF,
        uint32 tokenID,
        uint48 toIdx,
        bytes calldata permit
    ) external payable {
        require(tokenID < tokenList.length, "Hermez::addL1Transaction: TOKEN_NOT_REGISTERED");
        uint256 loadAmount = _amountOf(loadAmountF);
        require(loadAmount < 2 ** 128, "Hermez::addL1Transaction: LOADAMOUNT_EXCEED_LIMIT");
        if (tokenID == 0) require(loadAmount == msg.value, "Hermez::addL1Transaction: LOADAMOUNT_ETH_DOES_NOT_MATCH");
        else require(msg.value == 0, "Hermez::addL1Transaction: MSG_VALUE_NOT_EQUAL_0");
        if (tokenID != 0 && loadAmount > 0) _deposit(tokenList[tokenID], loadAmount, permit);
        _checkL1Transaction(babyPubKey, fromIdx, loadAmountF, amountF, toIdx);
        _enqueue(abi.encodePacked(msg.sender, babyPubKey, fromIdx, loadAmountF, amountF, tokenID, toIdx));
    }

    /// Registers an ERC-20 for a fee in HEZ (none for the governance). Token numbers count up from 1.
    function addToken(address tokenAddress, bytes calldata permit) external {
        require(IToken(tokenAddress).totalSupply() > 0, "Hermez::addToken: TOTAL_SUPPLY_ZERO");
        require(tokenMap[tokenAddress] == 0, "Hermez::addToken: TOKEN_ALREADY_REGISTERED");
        uint256 tokenID = tokenList.length;
        require(tokenID < 2 ** 32, "Hermez::addToken: TOKEN_LIST_FULL");
        if (msg.sender != hermezGovernanceAddress && feeAddToken > 0) {
            if (permit.length != 0) _permit(tokenHEZ, feeAddToken, permit);
            _take(tokenHEZ, msg.sender, feeAddToken);
            _send(tokenHEZ, hermezGovernanceAddress, feeAddToken);
        }
        tokenList.push(tokenAddress);
        tokenMap[tokenAddress] = tokenID;
        emit AddToken(tokenAddress, uint32(tokenID));
    }

    function updateForgeL1L2BatchTimeout(uint8 newForgeL1L2BatchTimeout) external onlyGovernance {
        require(
            newForgeL1L2BatchTimeout <= ABSOLUTE_MAX_L1L2BATCHTIMEOUT,
            "Hermez::updateForgeL1L2BatchTimeout: MAX_FORGETIMEOUT_EXCEED"
        );
        forgeL1L2BatchTimeout = newForgeL1L2BatchTimeout;
        emit UpdateForgeL1L2BatchTimeout(newForgeL1L2BatchTimeout);
    }

    function updateFeeAddToken(uint256 newFeeAddToken) external onlyGovernance {
        feeAddToken = newFeeAddToken;
        emit UpdateFeeAddToken(newFeeAddToken);
    }

    function rollupVerifiersLength() external view returns (uint256) {
        return rollupVerifiers.length;
    }

    function registerTokensCount() external view returns (uint256) {
        return tokenList.length;
    }

    /// A 40-bit amount: 5 bits of decimal exponent, 35 bits of mantissa.
    function _amountOf(uint40 float40) private pure returns (uint256) {
        return uint256(float40 & 0x7FFFFFFFF) * 10 ** uint256(float40 >> 35);
    }

    function _deposit(address token, uint256 amount, bytes calldata permit) private {
        if (permit.length != 0) _permit(token, amount, permit);
        uint256 before = IToken(token).balanceOf(address(this));
        _take(token, msg.sender, amount);
        require(
            IToken(token).balanceOf(address(this)) - before == amount,
            "Hermez::addL1Transaction: LOADAMOUNT_ERC20_DOES_NOT_MATCH"
        );
    }

    /// toIdx 0 is a deposit only, 1 an exit, above 255 a transfer; fromIdx 0 creates an account and needs its key.
    function _checkL1Transaction(
        uint256 babyPubKey,
        uint48 fromIdx,
        uint40 loadAmountF,
        uint40 amountF,
        uint48 toIdx
    ) private view {
        if (toIdx == 0) require(amountF == 0, "Hermez::_addL1Transaction: AMOUNT_MUST_BE_0_IF_NOT_TRANSFER");
        else if (toIdx == EXIT_IDX) require(loadAmountF == 0, "Hermez::_addL1Transaction: LOADAMOUNT_MUST_BE_0_IF_EXIT");
        else require(toIdx > LAST_RESERVED_IDX && toIdx <= lastIdx, "Hermez::_addL1Transaction: INVALID_TOIDX");
        if (fromIdx == 0) {
            require(babyPubKey != 0, "Hermez::_addL1Transaction: INVALID_CREATE_ACCOUNT_WITH_NO_BABYJUB");
            require(toIdx != EXIT_IDX, "Hermez::_addL1Transaction: INVALID_CREATE_ACCOUNT_EXIT");
        } else {
            require(fromIdx > LAST_RESERVED_IDX && fromIdx <= lastIdx, "Hermez::_addL1Transaction: INVALID_FROMIDX");
            require(babyPubKey == 0, "Hermez::_addL1Transaction: BABYJUB_MUST_BE_0_IF_NOT_CREATE_ACCOUNT");
        }
    }

    /// The L1 part of the public input: in an L1 batch the frozen queue, then in every batch the coordinator's account
    /// creations in the same form.
    function _buildL1Data(
        bytes calldata encoded,
        bool l1Batch
    ) private view returns (bytes memory data, uint256 userTxs) {
        if (l1Batch) data = mapL1TxQueue[nextL1ToForgeQueue];
        userTxs = data.length / L1_USER_TX_BYTES;
        uint256 coordinatorTxs = encoded.length / L1_COORDINATOR_TX_BYTES;
        require(userTxs + coordinatorTxs <= MAX_L1_TX, "Hermez::_buildL1Data: L1_TX_OVERFLOW");
        bytes memory created = new bytes(coordinatorTxs * L1_USER_TX_BYTES);
        for (uint256 i = 0; i < coordinatorTxs; i++) {
            bytes calldata entry = encoded[i * L1_COORDINATOR_TX_BYTES:(i + 1) * L1_COORDINATOR_TX_BYTES];
            require(uint32(bytes4(entry[97:])) < tokenList.length, "Hermez::_buildL1Data: TOKEN_NOT_REGISTERED");
            bytes memory l1Tx = abi.encodePacked(_ownerOf(entry), entry[65:97], bytes16(0), entry[97:], bytes6(0));
            _copy(created, i * L1_USER_TX_BYTES, l1Tx);
        }
        data = bytes.concat(data, created);
    }

    /// v 1, s 32, r 32, key 32, token 4. Without a signature (v 0) the account is of nobody on this chain.
    function _ownerOf(bytes calldata entry) private view returns (address owner) {
        uint8 v = uint8(entry[0]);
        if (v == 0) return NO_ETH_ADDRESS;
        bytes32 content = keccak256(
            abi.encode(
                AUTHORISE_TYPEHASH,
                keccak256("Hermez Network"),
                keccak256("Account creation"),
                bytes32(entry[65:97])
            )
        );
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256("Hermez Network"), keccak256("1"), block.chainid, address(this))
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, content));
        owner = ecrecover(digest, v, bytes32(entry[33:65]), bytes32(entry[1:33]));
        require(owner != address(0), "Hermez::_checkSig: INVALID_SIGNATURE");
    }

    /// sha256, modulo the field, over the old and the new state and all data, each part zero-padded to its full size.
    function _publicInput(
        Batch memory batch,
        bytes calldata l1L2TxsData,
        bytes calldata feeIdxCoordinator
    ) private view returns (uint256) {
        uint256 txBytes = batch.maxTx * (2 * batch.indexBytes + 6);
        uint256 feeBytes = MAX_FEE_IDX * batch.indexBytes;
        require(l1L2TxsData.length <= txBytes, "Hermez::_constructCircuitInput: L2_TX_OVERFLOW");
        require(
            feeIdxCoordinator.length <= feeBytes,
            "Hermez::_constructCircuitInput: INVALID_FEEIDXCOORDINATOR_LENGTH"
        );
        bytes memory head = abi.encodePacked(
            lastIdx,
            batch.newLastIdx,
            stateRootMap[lastForgedBatch],
            batch.newStRoot,
            batch.newExitRoot
        );
        uint256 l1Bytes = MAX_L1_TX * L1_USER_TX_BYTES;
        bytes memory all = new bytes(head.length + l1Bytes + txBytes + feeBytes + 6);
        _copy(all, 0, head);
        _copy(all, head.length, batch.l1Data);
        _copyCalldata(all, head.length + l1Bytes, l1L2TxsData);
        _copyCalldata(all, head.length + l1Bytes + txBytes, feeIdxCoordinator);
        _copy(all, all.length - 6, abi.encodePacked(uint16(block.chainid), lastForgedBatch + 1));
        return uint256(sha256(all)) % FIELD;
    }

    /// The caller made room for `part` at `offset`.
    function _copy(bytes memory into, uint256 offset, bytes memory part) private pure {
        assembly ("memory-safe") {
            mcopy(add(add(into, 32), offset), add(part, 32), mload(part))
        }
    }

    function _copyCalldata(bytes memory into, uint256 offset, bytes calldata part) private pure {
        assembly ("memory-safe") {
            calldatacopy(add(add(into, 32), offset), part.offset, part.length)
        }
    }
}
