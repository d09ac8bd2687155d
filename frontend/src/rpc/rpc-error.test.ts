import { create } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { describe, expect, test } from 'vitest'

import { BadRequestSchema, ErrorInfoSchema } from '@/gen/google/rpc/error_details_pb'

import { RpcError } from './rpc-error'

test('a refusal is decoded into reason, metadata and one violation per field', () => {
  const refusal = new ConnectError('the config breaks 2 rules', Code.InvalidArgument, undefined, [
    { desc: ErrorInfoSchema, value: { reason: 'CONFIG_INVALID', domain: 'tickreel', metadata: { violations: '2' } } },
    {
      desc: BadRequestSchema,
      value: create(BadRequestSchema, {
        fieldViolations: [
          { field: 'venue.taker_fee', description: 'must be at least 0' },
          { field: 'strategy.name', description: 'is not registered' },
        ],
      }),
    },
  ])
  const error = RpcError.from(refusal)
  expect(error).toMatchObject({
    message: 'the config breaks 2 rules',
    reason: 'CONFIG_INVALID',
    metadata: { violations: '2' },
    violations: [
      { field: 'venue.taker_fee', description: 'must be at least 0' },
      { field: 'strategy.name', description: 'is not registered' },
    ],
    unreachable: false,
  })
  expect(error.advice).toMatch(/^Fix/)
  expect(RpcError.from(error)).toBe(error)
})

describe('unreachable is', () => {
  const because = (reason: string) => [{ desc: ErrorInfoSchema, value: { reason, domain: 'tickreel' } }]
  test.each([
    ['a lost network', new TypeError('Failed to fetch'), true],
    ['a gateway without its service', new ConnectError('no healthy upstream', Code.Unavailable), true],
    [
      'a service that cannot reach another',
      new ConnectError('', Code.Unavailable, undefined, because('SERVICE_UNAVAILABLE')),
      true,
    ],
    ['not an internal error of a service', new ConnectError('', Code.Internal, undefined, because('INTERNAL')), false],
    ['not a missing resource', new ConnectError('', Code.NotFound), false],
  ])('%s', (_, cause, unreachable) => {
    expect(RpcError.from(cause).unreachable).toBe(unreachable)
  })
})
