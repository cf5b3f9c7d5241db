'use strict'

// The client's way to a connection: the requests of Node's `http` and `https`, so that all their options hold.
// Owns the order of events of `ws`, redirects included. What is requested, and whether the response agrees,
// is the core's.

const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const tls = require('node:tls')
const native = require('./loader.js')
const errors = require('./errors.js')
const settings = require('./settings.js')

const DEFAULTS = { perMessageDeflate: true, closeTimeout: 30_000, followRedirects: false, maxRedirects: 10 }
/** Options of requests that the URL decides. */
const FROM_URL = ['socketPath', 'hostname', 'protocol', 'protocols', 'timeout', 'host', 'path', 'port']
const SCHEMES = { 'http:': 'ws:', 'https:': 'wss:' }

/** Where to go: a URL as the core knows it, and the path of a local socket. */
function locate (address) {
  let url
  try {
    url = new URL(address)
  } catch {
    throw Object.assign(new SyntaxError(`not a URL: ${address}`), { code: 'url.scheme' })
  }
  const scheme = SCHEMES[url.protocol]
  let href = scheme === undefined ? url.href : scheme + url.href.slice(url.protocol.length)
  let socketPath
  const shown = href
  if (url.protocol === 'ws+unix:') {
    const [path, ...rest] = (url.pathname + url.search).split(':')
    socketPath = path
    href = `ws://localhost${rest.join(':')}${url.hash}`
  }
  const location = JSON.parse(native.locate(href))
  if (location.error) throw errors.handshake(location.error)
  return { location, href, shown, socketPath }
}

/** Starts to connect `ws`. What is wrong with the arguments is thrown. */
function connect (ws, address, protocols, options) {
  options = { ...DEFAULTS, ...options }
  const attempt = new Attempt(ws, protocols, options)
  ws._abort = (error) => attempt.abort(error)
  attempt.start(locate(address))
}

class Attempt {
  constructor (ws, protocols, options) {
    this.ws = ws
    this.protocols = protocols
    this.options = options
    this.config = settings.sharedConfig(settings.fromOptions(options))
    this.redirects = 0
    this.request = null
  }

  start (place) {
    const { ws, options } = this
    const offer = offerTo(place.href, this.protocols, this.config)
    this.place = place
    ws._url = place.shown
    const request = this.open(place, offer)
    this.request = request
    request.on('error', (error) => this.failed(request, error))
    request.on('response', (response) => this.refused(request, response))
    request.on('upgrade', (response, socket, head) => this.upgraded(request, offer, response, socket, head))
    if (options.handshakeTimeout) {
      request.on('timeout', () => this.abort(new Error('the opening handshake timed out')))
    }
    if (this.redirects > 0) ws.emit('redirect', ws.url, request)
    if (options.finishRequest) options.finishRequest(request, ws)
    else request.end()
  }

  /** The request, with what the core asks for before what the user asks for. */
  open ({ location, socketPath }, offer) {
    const { options } = this
    const of = { ...options }
    for (const name of FROM_URL) of[name] = undefined
    const { secure, host, port, target } = location
    of.headers = this.headers(offer)
    of.createConnection ??= secure ? connectTls : connectPlain
    of.defaultPort ??= secure ? 443 : 80
    of.timeout = options.handshakeTimeout
    Object.assign(of, { method: 'GET', host, port, path: target, socketPath })
    return (secure ? https : http).request(of)
  }

  headers (offer) {
    const headers = {}
    const set = (name, value) => {
      const known = Object.keys(headers).find((other) => other.toLowerCase() === name.toLowerCase())
      headers[known ?? name] = value
    }
    const given = this.options.headers ?? {}
    const fields = JSON.parse(offer.request()).headers
    // `Host` and `Authorization` may be the user's; what belongs to the handshake may not.
    for (let at = 0; at < fields.length; at += 2) if (isSoft(fields[at])) set(fields[at], fields[at + 1])
    if (this.options.auth) set('Authorization', `Basic ${Buffer.from(this.options.auth).toString('base64')}`)
    for (const [name, value] of Object.entries(given)) set(name, value)
    if (this.options.origin) set('Origin', this.options.origin)
    for (let at = 0; at < fields.length; at += 2) if (!isSoft(fields[at])) set(fields[at], fields[at + 1])
    return headers
  }

  upgraded (request, offer, response, socket, head) {
    const { ws, config, options } = this
    ws.emit('upgrade', response)
    // A listener may have closed it.
    if (ws.readyState !== 0) return socket.destroy()
    this.request = null
    const agreed = JSON.parse(offer.verify(response.httpVersion, response.statusCode, response.rawHeaders))
    if (agreed.error) {
      socket.on('error', () => {})
      socket.destroy()
      return ws._fail(errors.handshake(agreed.error))
    }
    ws._attach(socket, head, config, agreed, options.closeTimeout)
  }

  refused (request, response) {
    const { ws, options } = this
    const { statusCode, headers } = response
    if (options.followRedirects && headers.location && statusCode >= 300 && statusCode < 400) {
      return this.redirect(request, headers.location)
    }
    if (ws.emit('unexpected-response', request, response)) return
    this.abort(Object.assign(new Error(`the server answered with status ${statusCode}`), { code: 'handshake.status' }))
  }

  redirect (request, to) {
    if (++this.redirects > this.options.maxRedirects) return this.abort(new Error('too many redirects'))
    this.request = null
    request.destroy()
    const next = JSON.parse(native.locate(this.place.href, to))
    if (next.error) return this.ws._fail(errors.handshake(next.error))
    if (!next.sameOrigin) this.dropSecrets()
    const href = hrefOf(next)
    this.start({ location: next, href, shown: href })
  }

  /** What was meant for the first server is not for another. */
  dropSecrets () {
    const { auth, headers = {}, ...options } = this.options
    const secret = ['authorization', 'cookie', 'host']
    const kept = Object.entries(headers).filter(([name]) => !secret.includes(name.toLowerCase()))
    this.options = { ...options, headers: Object.fromEntries(kept) }
  }

  failed (request, error) {
    if (this.request !== request) return
    this.request = null
    this.ws._fail(error)
  }

  /** Gives the attempt up; the events come later, so that a caller can still listen. */
  abort (error) {
    const { request, ws } = this
    this.request = null
    ws._readyState = 2
    request?.destroy()
    request?.socket?.destroy()
    process.nextTick(() => ws._fail(error))
  }
}

/** A request of HTTP/1.1, and the knowledge to check the response. */
function offerTo (href, protocols, config) {
  try {
    return native.Handshake.client(href, protocols, [], config, '1.1', undefined, 0)
  } catch (error) {
    throw errors.handshake(errors.faultOf(error))
  }
}

function isSoft (name) {
  return name === 'Host' || name === 'Authorization'
}

function hrefOf ({ secure, authority, target, credentials }) {
  const user = credentials ? `${credentials.map(encodeURIComponent).join(':')}@` : ''
  return `${secure ? 'wss' : 'ws'}://${user}${authority}${target}`
}

function connectPlain (options) {
  return net.connect({ ...options, path: options.socketPath })
}

function connectTls (options) {
  const servername = options.servername || (net.isIP(options.host) ? '' : options.host)
  return tls.connect({ ...options, path: undefined, servername })
}

module.exports = { connect }
