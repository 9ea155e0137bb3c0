import test from 'ava'
import { firstOf, type Rule } from '../../../../src/actors/forger/policy/rules.ts'

const asked: string[] = []
const rule = (name: string, above: number): Rule<number, { readonly margin: number }, { readonly do: string }> => ({
  name,
  decide: (view, { margin }) => {
    asked.push(name)
    return view > above + margin ? { do: `more than ${above}` } : null
  },
})
const rules = [rule('a hundred', 100), rule('ten', 10), rule('one', 1)]

test.serial('the first rule that has an answer decides, its name is kept, and later ones are not asked', t => {
  asked.length = 0
  t.deepEqual(firstOf(rules, 50, { margin: 0 }), { do: 'more than 10', rule: 'ten' })
  t.deepEqual(asked, ['a hundred', 'ten'])
})

test.serial('a rule sees the settings', t => {
  t.is(firstOf(rules, 11, { margin: 5 }).rule, 'one')
})

test.serial('a policy whose rules have no answer is a bug', t => {
  t.throws(() => firstOf(rules, 0, { margin: 0 }), { message: /no rule/ })
})
