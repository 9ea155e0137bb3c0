// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ProofChainTerms} from "./ProofChainTerms.sol";

/// Sessions in which operators submit what they found for one block of a source chain, and their closing. What is proved,
/// and what happens when a session is closed, is said by the contracts that are made of this one.
abstract contract ProofChain is ProofChainTerms {
    struct Session {
        uint64 deadline;
        bool closed;
        uint128 submissions;
        bytes32[] blockHashes;
        mapping(bytes32 blockHash => bytes32[]) proofHashes;
        mapping(bytes32 blockHash => mapping(bytes32 proofHash => address[])) participants;
        mapping(address operator => uint256) submitted;
    }

    /// The hash that most agree on; `votes` of all submissions.
    struct Agreement {
        bytes32 blockHash;
        bytes32 proofHash;
        uint256 votes;
    }

    mapping(uint64 chainId => mapping(uint64 height => Session)) private sessions;
    mapping(bytes32 proofHash => string[]) private urls;

    event SessionStarted(uint64 indexed chainId, uint64 indexed blockHeight, uint64 deadline);
    event QuorumNotReached(uint64 indexed chainId, uint64 blockHeight);

    /// True while the operator may submit, and for a session that nobody has started.
    function isSessionOpen(uint64 chainId, uint64 blockHeight, address operator) external view returns (bool) {
        Session storage session = sessions[chainId][blockHeight];
        if (session.closed) return false;
        if (session.submitted[operator] >= _maxSubmissions(chainId)) return false;
        return session.deadline == 0 || block.number <= session.deadline;
    }

    /// Where operators say they keep what has this hash.
    function getURLS(bytes32 proofHash) external view returns (string[] memory) {
        return urls[proofHash];
    }

    /// Answers the stake of the operator's validator.
    function _submit(
        uint64 chainId,
        uint64 height,
        bytes32 blockHash,
        bytes32 proofHash,
        string calldata storageURL
    ) internal returns (uint128 stake) {
        _requireInTerms(chainId, height);
        stake = staking.stakeOf(_validatorOf(msg.sender));
        require(stake >= requiredStake, "Insufficiently staked to submit");
        Session storage session = sessions[chainId][height];
        require(!session.closed, "Session submissions have closed");
        if (session.deadline == 0) _start(chainId, height, uint64(block.number) + sessionDuration);
        require(block.number <= session.deadline, "Session submissions have closed");
        require(session.submitted[msg.sender] < _maxSubmissions(chainId), "Max submissions limit exceeded");
        _record(session, msg.sender, blockHash, proofHash);
        urls[proofHash].push(storageURL);
    }

    function _start(uint64 chainId, uint64 height, uint64 deadline) internal {
        sessions[chainId][height].deadline = deadline;
        _announceStart(chainId, height, deadline);
    }

    function _record(Session storage session, address operator, bytes32 blockHash, bytes32 proofHash) internal {
        if (session.proofHashes[blockHash].length == 0) session.blockHashes.push(blockHash);
        else _requireNew(session, operator, blockHash);
        address[] storage agreeing = session.participants[blockHash][proofHash];
        if (agreeing.length == 0) session.proofHashes[blockHash].push(proofHash);
        agreeing.push(operator);
        session.submitted[operator]++;
        session.submissions++;
    }

    function _session(uint64 chainId, uint64 height) internal view returns (Session storage) {
        return sessions[chainId][height];
    }

    /// Closes a session for good, and tells of it by one of the two announcements. The order of the checks matters to those
    /// who read the answers: an early call, a second one, and one for a session that never was.
    function _finalize(uint64 chainId, uint64 height) internal {
        Session storage session = sessions[chainId][height];
        require(block.number > session.deadline, "Session not past deadline");
        require(!session.closed, "Session cannot be finalized");
        require(session.deadline != 0, "Session not started");
        Agreement memory agreed = _agreement(session);
        session.closed = true;
        session.deadline = 0;
        uint256 share = (agreed.votes * UNIT) / session.submissions;
        if (agreed.votes >= minSubmissions && _isQuorum(share)) _announceAgreement(chainId, height, agreed);
        else _announceNoQuorum(chainId, height);
    }

    /// The first hash, in the order of submission, with strictly the most participants.
    function _agreement(Session storage session) internal view returns (Agreement memory most) {
        for (uint256 i = 0; i < session.blockHashes.length; i++) {
            bytes32 blockHash = session.blockHashes[i];
            bytes32[] storage proofs = session.proofHashes[blockHash];
            for (uint256 j = 0; j < proofs.length; j++) {
                uint256 votes = session.participants[blockHash][proofs[j]].length;
                if (votes > most.votes) most = Agreement(blockHash, proofs[j], votes);
            }
        }
    }

    function _participants(
        uint64 chainId,
        uint64 height,
        bytes32 blockHash,
        bytes32 proofHash
    ) internal view returns (address[] storage) {
        return sessions[chainId][height].participants[blockHash][proofHash];
    }

    /// Shares the allocation between the participants by their stake.
    function _reward(address[] storage winners) internal {
        uint256 count = winners.length;
        uint128[] memory ids = new uint128[](count);
        uint128[] memory amounts = new uint128[](count);
        uint256 total = 0;
        for (uint256 i = 0; i < count; i++) {
            ids[i] = validatorIDs[winners[i]];
            amounts[i] = staking.stakeOf(ids[i]);
            total += amounts[i];
        }
        for (uint256 i = 0; i < count; i++)
            amounts[i] = uint128(total == 0 ? rewardAllocation / count : (uint256(rewardAllocation) * amounts[i]) / total);
        staking.rewardValidators(ids, amounts);
    }

    /// Validator 0 is the highest bit.
    function _bitMap(address[] storage agreeing) internal view returns (uint256 bits) {
        for (uint256 i = 0; i < agreeing.length; i++) bits |= 1 << (255 - validatorIDs[agreeing[i]]);
    }

    function _requireNew(Session storage session, address operator, bytes32 blockHash) private view {
        bytes32[] storage proofs = session.proofHashes[blockHash];
        for (uint256 i = 0; i < proofs.length; i++) {
            address[] storage agreeing = session.participants[blockHash][proofs[i]];
            for (uint256 j = 0; j < agreeing.length; j++)
                require(agreeing[j] != operator, "Operator already submitted for the provided block hash");
        }
    }

    /// `share` is of all submissions, in units of 10^-18.
    function _isQuorum(uint256 share) internal view virtual returns (bool);

    function _announceAgreement(uint64 chainId, uint64 height, Agreement memory agreed) internal virtual;

    function _announceStart(uint64 chainId, uint64 height, uint64 deadline) internal virtual {
        emit SessionStarted(chainId, height, deadline);
    }

    function _announceNoQuorum(uint64 chainId, uint64 height) internal virtual {
        emit QuorumNotReached(chainId, height);
    }
}
