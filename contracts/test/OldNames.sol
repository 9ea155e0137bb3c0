// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BlockResultProofChain} from "../BlockResultProofChain.sol";
import {BlockSpecimenProofChain} from "../BlockSpecimenProofChain.sol";

/// Sessions of specimens under the event names of 2022.
contract OldSpecimenProofChain is BlockSpecimenProofChain {
    event BSPSessionStarted(uint64 indexed chainId, uint64 indexed blockHeight, uint64 deadline);
    event BSPQuorumNotReached(uint64 indexed chainId, uint64 blockHeight);

    function _announceStart(uint64 chainId, uint64 height, uint64 deadline) internal override {
        emit BSPSessionStarted(chainId, height, deadline);
    }

    function _announceNoQuorum(uint64 chainId, uint64 height) internal override {
        emit BSPQuorumNotReached(chainId, height);
    }
}

/// Sessions of results under the event names of 2022.
contract OldResultProofChain is BlockResultProofChain {
    event BRPSessionStarted(uint64 indexed chainId, uint64 indexed blockHeight, uint64 deadline);
    event BRPQuorumNotReached(uint64 indexed chainId, uint64 blockHeight);

    function _announceStart(uint64 chainId, uint64 height, uint64 deadline) internal override {
        emit BRPSessionStarted(chainId, height, deadline);
    }

    function _announceNoQuorum(uint64 chainId, uint64 height) internal override {
        emit BRPQuorumNotReached(chainId, height);
    }
}
