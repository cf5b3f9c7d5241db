'use strict'

// Finds the addon of this platform. Knows nothing of what it does.

const { existsSync } = require('node:fs')
const { join } = require('node:path')

/** Whether this Linux runs on musl: its report names no version of glibc. */
function isMusl () {
  const report = process.report?.getReport()
  return report !== undefined && !report.header.glibcVersionRuntime
}

function triple () {
  const { platform, arch } = process
  if (platform === 'linux') return `linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`
  if (platform === 'win32') return `win32-${arch}-msvc`
  return `${platform}-${arch}`
}

function load () {
  const name = triple()
  // Beside the sources in a build of one's own, else in the package of the platform.
  const beside = join(__dirname, '..', `polywire.${name}.node`)
  if (existsSync(beside)) return require(beside)
  try {
    return require(`polywire-${name}`)
  } catch (cause) {
    throw new Error(`polywire has no addon for ${name}, or its package "polywire-${name}" is not installed`, { cause })
  }
}

module.exports = load()
