// The module of the protocol.
//
// Owns that there is one of it.

import initialise from './polywire.js'
import { Module } from './module.js'

const module = new Module(initialise, './polywire_bg.wasm')

/** Loads the module, from beside this file or from what is given. Nothing else works before. */
export function load (source) {
  return module.load(source)
}

export const memory = (offset, length) => module.memory(offset, length)
export const words = (offset, length) => module.words(offset, length)
