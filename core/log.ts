/** The part of a structured logger (pino's, say) that core uses: facts first, then a plain sentence. */
export type Logger = Record<'debug' | 'info' | 'warn' | 'error', (facts: object, message: string) => void>;
