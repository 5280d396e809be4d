import { webcrypto } from 'node:crypto';

// Node.js 18 has no global one, as browsers and later versions have.
globalThis.crypto ??= webcrypto;
