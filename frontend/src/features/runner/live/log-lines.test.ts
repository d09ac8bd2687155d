import { expect, test } from 'vitest'

import { isAtLeast, logLines } from './log-lines'

const LOG = `a library without a level
[INFO] Grid: constructed
2024-08-08T00:00:01.000000000Z [WARN] Grid-000: spread of 3
2024-08-08T00:00:02.000000000Z [ERROR] Grid-000: no quote
    Traceback (most recent call last):
    [INFO] Grid: quoted by the error
2024-08-08T00:00:03.000000000Z [PRINT] Grid-000: position 3
`

test('every line has the level of its record', () => {
  expect(logLines(LOG).map((line) => line.level)).toEqual([
    undefined,
    'INFO',
    'WARN',
    'ERROR',
    'ERROR',
    'ERROR',
    'PRINT',
  ])
})

test('a level keeps the records at or above it, with all their lines', () => {
  const kept = (least: 'INFO' | 'WARN' | 'ERROR') => logLines(LOG).filter((line) => isAtLeast(line, least)).length
  expect([kept('INFO'), kept('WARN'), kept('ERROR')]).toEqual([5, 4, 3])
})
