/** Loaded first into a child: turns the end of its parent, however it came, into the SIGTERM that every process drains on. */
const drainMs = 15_000

if (process.channel) {
  process.once('disconnect', () => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), drainMs).unref()
    process.kill(process.pid, 'SIGTERM')
  })
  process.channel.unref()
}
