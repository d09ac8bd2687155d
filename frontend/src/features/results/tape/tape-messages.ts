import type { TradeSeries } from '@/charts/columns'
import type { Span } from '@/charts/span'

/** Message from the page to the worker that holds the ticks of a run. */
export type TapeRequest =
  | { readonly kind: 'load'; readonly runId: string; readonly base: bigint }
  | { readonly kind: 'sample'; readonly id: number; readonly span: Span; readonly points: number }

/** Message from the worker to the page. */
export type TapeReply =
  | { readonly kind: 'progress'; readonly rows: number; readonly total: number; readonly done: boolean }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'sample'; readonly id: number; readonly trades: TradeSeries; readonly complete: boolean }
