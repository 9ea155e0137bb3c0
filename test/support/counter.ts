/**
 * A contract that counts how often a key was hit, and in which order: effects by business key, read from the chain.
 *
 *     contract Counter {
 *         error TooMany(uint256 most);
 *         bool public broken;
 *         mapping(bytes32 => uint256) public count;
 *         bytes32[] public order;
 *         function setBroken(bool value) external { broken = value; }
 *         function hit(bytes32 key) external { require(!broken, "counter is broken"); count[key] += 1; order.push(key); }
 *         function fail() external pure { revert TooMany(3); }
 *     }
 */
import { encodeFunctionData, parseAbi, stringToHex, type Hex } from 'viem'

export const counterAbi = parseAbi([
  'error TooMany(uint256 most)',
  'function setBroken(bool value)',
  'function hit(bytes32 key)',
  'function fail()',
  'function count(bytes32 key) view returns (uint256)',
  'function order(uint256 index) view returns (bytes32)',
])

/** solc 0.8, optimizer 200 runs, no metadata. */
export const counterBytecode: Hex =
  '0x6080604052348015600e575f5ffd5b506102438061001c5f395ff3fe608060405234801561000f575f5ffd5b5060043610610060575f3560e01c806321603f43146100645780637937354c1461008a5780637fb1ad62146100a957806386de9e4f146100c5578063a45939bf146100e7578063a9cc4718146100fa575b5f5ffd5b6100776100723660046101e1565b610102565b6040519081526020015b60405180910390f35b6100776100983660046101e1565b60016020525f908152604090205481565b5f546100b59060ff1681565b6040519015158152602001610081565b6100e56100d33660046101f8565b5f805460ff1916911515919091179055565b005b6100e56100f53660046101e1565b610121565b6100e56101c5565b60028181548110610111575f80fd5b5f91825260209091200154905081565b5f5460ff161561016c5760405162461bcd60e51b815260206004820152601160248201527031b7bab73a32b91034b990313937b5b2b760791b60448201526064015b60405180910390fd5b6001805f8381526020019081526020015f205f82825461018c919061021e565b9091555050600280546001810182555f919091527f405787fa12a823e0f2b7631cc41b3ba8828b3321ca811111fa75cd3aa3bb5ace0155565b604051635bf4930560e11b815260036004820152602401610163565b5f602082840312156101f1575f5ffd5b5035919050565b5f60208284031215610208575f5ffd5b81358015158114610217575f5ffd5b9392505050565b8082018082111561023d57634e487b7160e01b5f52601160045260245ffd5b9291505056'

export const hitData = (key: string): Hex =>
  encodeFunctionData({ abi: counterAbi, functionName: 'hit', args: [stringToHex(key, { size: 32 })] })
