// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// The ERC-20 functions that the rollup and the auction use.
interface IToken {
    function totalSupply() external view returns (uint256);

    function balanceOf(address owner) external view returns (uint256);

    function burn(uint256 amount) external returns (bool);
}
