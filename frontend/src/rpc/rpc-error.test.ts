import { create } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { describe, expect, test } from 'vitest'

import { BadRequestSchema, ErrorInfoSchema } from '@/gen/google/rpc/error_details_pb'

import { RpcError } from './rpc-error'

test('a refusal is decoded: its reason, its metadata, and one violation for each field', () => {
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
  expect(error.advice).toMatch(/^Mend/)
  expect(RpcError.from(error)).toBe(error)
})

describe('unreachable is', () => {
  const because = (reason: string) => [{ desc: ErrorInfoSchema, value: { reason, domain: 'tickreel' } }]
  test.each([
    ['a network that is away', new TypeError('Failed to fetch'), true],
    ['a gateway without its service', new ConnectError('no healthy upstream', Code.Unavailable), true],
    [
      'a service without the one that it needs',
      new ConnectError('', Code.Unavailable, undefined, because('SERVICE_UNAVAILABLE')),
      true,
    ],
    ['not an error that a service had', new ConnectError('', Code.Internal, undefined, because('INTERNAL')), false],
    ['not a thing that is not there', new ConnectError('', Code.NotFound), false],
  ])('%s', (_, cause, unreachable) => {
    expect(RpcError.from(cause).unreachable).toBe(unreachable)
  })
})
