/**
 * The parts of the rollup's and the auction's ABI the forger uses (reference section 9.7).
 */
import { parseAbi } from 'viem'

export const rollupAbi = parseAbi([
  'function forgeBatch(uint48 newLastIdx, uint256 newStRoot, uint256 newExitRoot, bytes encodedL1CoordinatorTx, bytes l1L2TxsData, bytes feeIdxCoordinator, uint8 verifierIdx, bool l1Batch, uint256[2] proofA, uint256[2][2] proofB, uint256[2] proofC)',
  'function addL1Transaction(uint256 babyPubKey, uint48 fromIdx, uint40 loadAmountF, uint40 amountF, uint32 tokenID, uint48 toIdx, bytes permit) payable',
  'function lastForgedBatch() view returns (uint32)',
  'function lastIdx() view returns (uint48)',
  'function stateRootMap(uint32) view returns (uint256)',
  'function lastL1L2Batch() view returns (uint64)',
  'function nextL1ToForgeQueue() view returns (uint32)',
  'function nextL1FillingQueue() view returns (uint32)',
  'function forgeL1L2BatchTimeout() view returns (uint8)',
  'function rollupVerifiers(uint256) view returns (address verifierInterface, uint256 maxTx, uint256 nLevels)',
  'function rollupVerifiersLength() view returns (uint256)',
  'function hermezAuctionContract() view returns (address)',
  'event ForgeBatch(uint32 indexed batchNum, uint16 l1UserTxsLen)',
  'event L1UserTxEvent(uint32 indexed queueIndex, uint8 indexed position, bytes l1UserTx)',
  'event AddToken(address indexed tokenAddress, uint32 tokenID)',
])

export const auctionAbi = parseAbi([
  'function canForge(address forger, uint256 blockNumber) view returns (bool)',
  'function genesisBlock() view returns (uint128)',
  'function BLOCKS_PER_SLOT() view returns (uint8)',
  'function getSlotDeadline() view returns (uint8)',
  'function getBootCoordinator() view returns (address)',
  'function getDefaultSlotSetBid(uint8 slotSet) view returns (uint128)',
  'function slots(uint128) view returns (address bidder, bool fulfilled, bool forgerCommitment, uint128 bidAmount, uint128 closedMinBid)',
  'function coordinators(address bidder) view returns (address forger, string coordinatorURL)',
])
