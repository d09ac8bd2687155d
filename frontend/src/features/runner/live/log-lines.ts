/** Levels of the lines of a log, from the lowest to the highest. */
const LEVELS = ['TRACE', 'DEBUG', 'PRINT', 'INFO', 'WARN', 'ERROR'] as const

export type LogLevel = (typeof LEVELS)[number]

export interface LogLine {
  text: string
  /** Undefined before the first record, for output of a library for example. */
  level?: LogLevel
}

// A record is `INSTANT [LEVEL] NAME: text`. The instant is missing in the constructor of a strategy.
const RECORD = /^(?:\d{4}-\S+Z )?\[(TRACE|DEBUG|PRINT|INFO|WARN|ERROR)\] \S+: /

/** Splits a log into lines. The further lines of a record, such as a traceback, have the level of the record. */
export function logLines(log: string): LogLine[] {
  let level: LogLevel | undefined
  return log
    .replace(/\n$/, '')
    .split('\n')
    .map((text) => {
      level = (RECORD.exec(text)?.[1] as LogLevel | undefined) ?? level
      return level ? { text, level } : { text }
    })
}

/** Returns whether a line has at least a level. A line without a level does not. */
export function isAtLeast(line: LogLine, least: LogLevel): boolean {
  return line.level !== undefined && LEVELS.indexOf(line.level) >= LEVELS.indexOf(least)
}
