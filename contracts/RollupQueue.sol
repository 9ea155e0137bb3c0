// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// The queues of L1 user transactions: one is frozen and will be forged next, a later one is being filled.
/// Every entry is 78 bytes; a full queue of 128 moves the filling on to the next.
abstract contract RollupQueue {
    uint256 internal constant L1_USER_TX_BYTES = 78;
    uint256 internal constant MAX_L1_USER_TX = 128;

    mapping(uint32 => bytes) public mapL1TxQueue;
    uint32 public nextL1ToForgeQueue;
    uint32 public nextL1FillingQueue;

    event L1UserTxEvent(uint32 indexed queueIndex, uint8 indexed position, bytes l1UserTx);

    /// ethAddr 20, babyPubKey 32, fromIdx 6, loadAmountF 5, amountF 5, tokenID 4, toIdx 6.
    function _enqueue(bytes memory l1Tx) internal {
        uint32 queue = nextL1FillingQueue;
        uint256 position = mapL1TxQueue[queue].length / L1_USER_TX_BYTES;
        _append(mapL1TxQueue[queue], l1Tx);
        emit L1UserTxEvent(queue, uint8(position), l1Tx);
        if (position + 1 >= MAX_L1_USER_TX) nextL1FillingQueue = queue + 1;
    }

    /// Forgets the queue that was forged. The filling queue moves on when it has become the next to forge: it is frozen
    /// from now on, so that whoever forges it knows its content.
    function _nextQueue() internal {
        delete mapL1TxQueue[nextL1ToForgeQueue];
        nextL1ToForgeQueue++;
        if (nextL1ToForgeQueue == nextL1FillingQueue) nextL1FillingQueue++;
    }

    /// Appends 78 bytes and touches only the slots they lie in. (`bytes.concat` would write the whole queue each time.)
    /// Layout of long `bytes` in storage: 2 * length + 1 in the slot itself, the bytes from keccak256(slot) on.
    function _append(bytes storage queue, bytes memory entry) private {
        uint256 start = queue.length;
        assembly ("memory-safe") {
            sstore(queue.slot, add(mul(add(start, mload(entry)), 2), 1))
            mstore(0, queue.slot)
            let data := keccak256(0, 32)
            let skip := mod(start, 32)
            // the slots are filled with the entry moved `skip` bytes to the right; free memory serves as workspace
            let free := mload(0x40)
            mstore(free, sload(add(data, div(start, 32))))
            mcopy(add(free, skip), add(entry, 32), mload(entry))
            let end := add(skip, mload(entry))
            mstore(add(free, end), 0)
            for { let i := 0 } lt(mul(i, 32), end) { i := add(i, 1) } {
                sstore(add(data, add(div(start, 32), i)), mload(add(free, mul(i, 32))))
            }
        }
    }
}
