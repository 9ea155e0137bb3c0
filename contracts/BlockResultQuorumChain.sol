// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ResultProofChain} from "./proof-chain/ResultProofChain.sol";

/// Block results as in the contracts of 2024: closing a session tells which validators agreed, and pays nothing.
contract BlockResultQuorumChain is ResultProofChain {
    event BlockResultQuorum(
        uint64 indexed chainId,
        uint64 indexed blockHeight,
        uint256 validatorBitMap,
        bytes32 indexed blockSpecimenHash,
        bytes32 resulthash
    );

    function finalizeResultSession(uint64 chainId, uint64 blockHeight) external {
        _finalize(chainId, blockHeight);
    }

    function _isQuorum(uint256 share) internal view override returns (bool) {
        return share >= quorum;
    }

    function _announceAgreement(uint64 chainId, uint64 height, Agreement memory agreed) internal override {
        uint256 bits = _bitMap(_participants(chainId, height, agreed.blockHash, agreed.proofHash));
        emit BlockResultQuorum(chainId, height, bits, agreed.blockHash, agreed.proofHash);
    }
}
