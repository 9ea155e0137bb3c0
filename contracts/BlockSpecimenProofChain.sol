// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SpecimenProofChain} from "./proof-chain/SpecimenProofChain.sol";

/// Block specimens, first generation: closing a session pays its reward.
contract BlockSpecimenProofChain is SpecimenProofChain {
    event BlockSpecimenRewardAwarded(
        uint64 indexed chainId,
        uint64 indexed blockHeight,
        bytes32 indexed blockhash,
        bytes32 specimenhash
    );

    function finalizeAndRewardSpecimenSession(uint64 chainId, uint64 blockHeight) external {
        _finalize(chainId, blockHeight);
    }

    /// An auditor's word on a closed session: those who submitted this hash are rewarded.
    function arbitrateBlockSpecimenSession(
        uint64 chainId,
        uint64 blockHeight,
        bytes32 blockHash,
        bytes32 definitiveSpecimenHash
    ) external onlyAuditor {
        require(_session(chainId, blockHeight).closed, "Session must be finalized before audit");
        _reward(_participants(chainId, blockHeight, blockHash, definitiveSpecimenHash));
        emit BlockSpecimenRewardAwarded(chainId, blockHeight, blockHash, definitiveSpecimenHash);
    }

    function _isQuorum(uint256 share) internal view virtual override returns (bool) {
        return share > quorum;
    }

    function _announceAgreement(uint64 chainId, uint64 height, Agreement memory agreed) internal virtual override {
        _reward(_participants(chainId, height, agreed.blockHash, agreed.proofHash));
        emit BlockSpecimenRewardAwarded(chainId, height, agreed.blockHash, agreed.proofHash);
    }
}
