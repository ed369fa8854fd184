/** The host key: the one key that stays with this computer, releases what the guest has captured, and with another key is a command. */
import type { KeyCode } from '../../../core/contract/key-codes.ts'

/** Keys that may be it: such as guests seldom need. */
export const HOST_KEYS = ['ControlRight', 'AltRight', 'MetaRight', 'ContextMenu', 'ScrollLock', 'Pause', 'F12'] as const
export type HostKey = (typeof HOST_KEYS)[number] & KeyCode
