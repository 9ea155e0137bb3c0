/** Tests: TypeScript as it is, one process a file, since tests start native servers and change process state. */
export default {
  files: ['test/**/*.test.ts'],
  extensions: ['ts'],
  workerThreads: false,
  concurrency: 2,
  timeout: '300s',
}
