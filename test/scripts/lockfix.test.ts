import test from 'ava'
import { complete } from '../../scripts/lockfix.ts'

test('platform packages a registry lacks are added with the platform of their name', t => {
  const optionalDependencies = {
    '@x/linux-x64-musl': '1.0.0',
    '@x/darwin-arm64': '1.0.0',
    '@x/linux-arm-gnueabihf': '1.0.0',
    '@x/helper': '1.0.0',
    '@x/win32-x64': '^1.0.0',
    '@x/linux-x64-gnu': '1.0.0',
  }
  const lock = {
    packages: {
      '': {},
      'node_modules/x': {
        version: '1.0.0',
        dev: true,
        resolved: 'https://somewhere.example/x.tgz',
        optionalDependencies,
      },
      'node_modules/@x/linux-x64-gnu': { version: '1.0.0' },
    } as Record<string, object>,
  }
  t.is(complete(lock).length, 4)
  t.deepEqual(Object.keys(lock.packages), [
    '',
    'node_modules/@x/darwin-arm64',
    'node_modules/@x/linux-arm-gnueabihf',
    'node_modules/@x/linux-x64-gnu',
    'node_modules/@x/linux-x64-musl',
    'node_modules/x',
  ])
  const common = { version: '1.0.0', dev: true, optional: true }
  t.deepEqual(lock.packages['node_modules/@x/linux-x64-musl'], {
    ...common,
    cpu: ['x64'],
    os: ['linux'],
    libc: ['musl'],
  })
  t.deepEqual(lock.packages['node_modules/@x/darwin-arm64'], { ...common, cpu: ['arm64'], os: ['darwin'] })
  t.like(lock.packages['node_modules/@x/linux-arm-gnueabihf'], { cpu: ['arm'] })
  t.false('resolved' in (lock.packages['node_modules/x'] ?? {}))
  t.deepEqual(complete(lock), [], 'nothing is left to do')
})

test('a package nested where Node finds it is not added again', t => {
  const nested = 'node_modules/a/node_modules/b'
  const lock = {
    packages: {
      '': {},
      'node_modules/a': {},
      [nested]: { optionalDependencies: { 'b-linux-x64': '2.0.0' } },
      'node_modules/a/node_modules/b-linux-x64': { version: '2.0.0' },
    },
  }
  t.deepEqual(complete(lock), [])
})
