/**
 * The signing accounts that daemons on this database have, and what their lanes last saw of them. Written by the lanes.
 */
import { defineEntity, p } from '@mikro-orm/core'
import { Uint256 } from '../types.ts'

const SigningAccountSchema = defineEntity({
  name: 'SigningAccount',
  tableName: 'account',
  schema: 'kernel',
  properties: {
    chain: p.text().primary(),
    /** The account's name in the configuration. */
    name: p.text().primary(),
    address: p.text(),
    /** The daemon that has it configured. */
    holder: p.text(),
    /** Where its key is: `privateKey`, `remote`, `kms`. */
    signer: p.text(),
    /** The most it spends in a day (UTC), wei; null for no limit. */
    dailyBudgetWei: p.type(Uint256).nullable(),
    /** As its lane last saw it; null before that. */
    balanceWei: p.type(Uint256).nullable(),
    /** Transactions of the account in the latest block. */
    chainNonce: p.integer().nullable(),
    /** What a unit of gas costs at most at the moment, as the lane would offer it, wei. */
    gasPriceWei: p.type(Uint256).nullable(),
    /** Average over the last day in which it spent anything, wei; null when it spent nothing. */
    spentPerHourWei: p.type(Uint256).nullable(),
    lookedAt: p.datetime().nullable(),
  },
})
/** A signing account of a daemon. */
export class SigningAccount extends SigningAccountSchema.class {}
SigningAccountSchema.setClass(SigningAccount)
