import { createClient } from '@connectrpc/connect'

import { TickTape } from '@/charts/tick-tape'
import { type TradeColumns, TradeColumnsSchema } from '@/gen/tickreel/v1/market_data_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { type AsBytes, columnsAsBytes } from '@/rpc/columns-as-bytes'
import { followStream } from '@/rpc/follow-stream'
import { transport } from '@/rpc/transport'

import type { TapeReply, TapeRequest } from './tape-messages'

/** Columns that charts draw. Trade ids are left out: they are strings and most of the bytes. */
const COLUMNS = ['ts_init', 'price', 'size', 'side']

/** Least interval between progress messages in milliseconds, since each makes the page redraw. */
const PAUSE = 150

const results = createClient(columnsAsBytes(ResultsService, TradeColumnsSchema), transport)

let tape: TickTape | undefined

self.onmessage = ({ data }: MessageEvent<TapeRequest>) => {
  if (data.kind === 'load') void load(data.runId, data.base)
  else answer(data)
}

/** Stream the ticks of a run into the tape; resumes after a break. */
async function load(runId: string, base: bigint): Promise<void> {
  let cursor = ''
  let reportedAt = -Infinity
  const controller = new AbortController()
  await followStream(
    {
      open: (signal) => results.streamTicks({ runId, cursor, readMask: { paths: COLUMNS } }, { signal }),
      onMessage: ({ trades, totalRows, cursor: next }) => {
        try {
          tape ??= new TickTape(base, Number(totalRows))
          if (trades) tape.append(trades as unknown as AsBytes<TradeColumns>)
        } catch (error) {
          // A retry helps neither against a lack of memory nor against an invalid chunk.
          post({ kind: 'failed', message: String(error) })
          controller.abort()
          return
        }
        cursor = next
        if (performance.now() - reportedAt < PAUSE) return
        reportedAt = performance.now()
        post({ kind: 'progress', rows: tape.rows, total: tape.total, done: false })
      },
      onStatus: (status, error) => {
        if (status === 'ended') {
          // A run may have no ticks.
          tape ??= new TickTape(base, 0)
          post({ kind: 'progress', rows: tape.rows, total: tape.total, done: true })
        }
        if (status === 'failed') post({ kind: 'failed', message: error?.message ?? 'the ticks could not be loaded' })
      },
    },
    controller.signal,
  )
}

function answer({ id, span, points }: TapeRequest & { kind: 'sample' }): void {
  if (!tape) throw new Error('a sample was requested before the tape was loaded')
  const { trades, complete } = tape.sample(span, points)
  const { ts, price, size, side } = trades
  self.postMessage({ kind: 'sample', id, trades, complete } satisfies TapeReply, {
    transfer: [ts.buffer, price.buffer, size.buffer, side.buffer],
  })
}

function post(reply: TapeReply): void {
  self.postMessage(reply)
}
