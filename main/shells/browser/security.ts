/**
 * Who may talk to the browser shell: pages that this shell itself has served to a browser that was given the token. Everything
 * here is decided from the request alone.
 */
import type { IncomingMessage } from 'node:http'
import { isSame } from '../local/local-socket.ts'

/** What a shell at a port accepts. */
export interface Gate {
  readonly port: number
  readonly token: string
}

/**
 * Everything the page needs comes from this address. Inline styles are allowed: the terminal makes its own. Pictures of
 * machines are data URLs.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=()',
}

/** Names under which the shell may be addressed. Any other, even if it resolves to this computer, is a DNS-rebinding attempt. */
function hosts(port: number): string[] {
  return [`127.0.0.1:${port}`, `localhost:${port}`]
}

export function hasOwnHost(request: IncomingMessage, { port }: Gate): boolean {
  return hosts(port).includes(request.headers.host ?? '')
}

/** Whether the request comes from a page of this shell. Browsers always say where a WebSocket comes from. */
export function hasOwnOrigin(request: IncomingMessage, { port }: Gate): boolean {
  const { origin } = request.headers
  return origin !== undefined && hosts(port).some((host) => origin === `http://${host}`)
}

/** Cookies do not tell ports apart, so the name does. */
function cookieName(port: number): string {
  return `vitrine-${port}`
}

export function hasCookie(request: IncomingMessage, { port, token }: Gate): boolean {
  const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim())
  const prefix = `${cookieName(port)}=`
  return cookies.some((cookie) => cookie.startsWith(prefix) && isSame(cookie.slice(prefix.length), token))
}

/** The header that gives a browser its cookie: not readable by scripts, not sent from other sites. */
export function cookieHeader({ port, token }: Gate): string {
  return `${cookieName(port)}=${token}; Path=/; HttpOnly; SameSite=Strict`
}

/** Whether the token of the address that the shell prints is the right one. */
export function hasToken(url: URL, { token }: Gate): boolean {
  const given = url.searchParams.get('token')
  return given !== null && isSame(given, token)
}
