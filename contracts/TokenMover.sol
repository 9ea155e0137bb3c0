// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// Takes and sends ERC-20 tokens, also of tokens that return nothing, with an optional `permit` before.
abstract contract TokenMover {
    bytes4 private constant PERMIT = bytes4(keccak256("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"));
    bytes4 private constant TRANSFER = bytes4(keccak256("transfer(address,uint256)"));
    bytes4 private constant TRANSFER_FROM = bytes4(keccak256("transferFrom(address,address,uint256)"));

    /// Runs the caller's own permit, given as the complete call data, for exactly this amount.
    function _permit(address token, uint256 amount, bytes calldata permit) internal {
        require(permit.length >= 4 && bytes4(permit[:4]) == PERMIT, "TokenMover::_permit: NOT_VALID_CALL");
        (address owner, address spender, uint256 value) = abi.decode(permit[4:], (address, address, uint256));
        require(owner == msg.sender, "TokenMover::_permit: PERMIT_OWNER_MUST_BE_THE_SENDER");
        require(spender == address(this), "TokenMover::_permit: SPENDER_MUST_BE_THIS");
        require(value == amount, "TokenMover::_permit: PERMIT_AMOUNT_DOES_NOT_MATCH");
        // a permit that somebody else sent first has done its work: the transfer decides
        (bool done, ) = token.call(permit);
        done;
    }

    function _take(address token, address from, uint256 amount) internal {
        require(_call(token, abi.encodeWithSelector(TRANSFER_FROM, from, address(this), amount)), "TOKEN_TRANSFER_FAILED");
    }

    function _send(address token, address to, uint256 amount) internal {
        require(_call(token, abi.encodeWithSelector(TRANSFER, to, amount)), "TOKEN_TRANSFER_FAILED");
    }

    function _call(address token, bytes memory data) private returns (bool) {
        (bool done, bytes memory answer) = token.call(data);
        return done && token.code.length > 0 && (answer.length == 0 || abi.decode(answer, (bool)));
    }
}
