'use strict'

// Finds the addon of this platform. Knows nothing of what it does.

const { existsSync } = require('node:fs')
const { join } = require('node:path')

/** The addons that may fit. npm installs that of the libc which is there; asking for its name takes longer. */
function candidates () {
  const { platform, arch } = process
  if (platform === 'linux') return [`linux-${arch}-gnu`, `linux-${arch}-musl`]
  if (platform === 'win32') return [`win32-${arch}-msvc`]
  return [`${platform}-${arch}`]
}

function load () {
  const problems = []
  for (const name of candidates()) {
    // Beside the sources in a build of one's own, else in the package of the platform.
    const beside = join(__dirname, '..', `polywire.${name}.node`)
    try {
      return require(existsSync(beside) ? beside : `polywire-${name}`)
    } catch (error) {
      problems.push(error)
    }
  }
  const names = candidates().map((name) => `"polywire-${name}"`).join(' or ')
  throw new AggregateError(problems, `polywire found no addon for this platform: is the package ${names} installed?`)
}

module.exports = load()
