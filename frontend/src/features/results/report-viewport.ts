import { useEffect, useEffectEvent, useState } from 'react'

import { length, middle, widen } from '@/charts/span'
import { Viewport } from '@/charts/viewport'
import type { Result } from '@/gen/tickreel/v1/result_pb'
import { parseInstant } from '@/ui/format/instant'

import type { ChangeSearch, ReportSearch } from './report-search'

/** How long the view rests before the address says what it shows, in milliseconds. */
const REST = 300

/** The viewport of a report: it begins with what the address says, and the address follows it. */
export function useReportViewport({ summary }: Result, search: ReportSearch, onSearch: ChangeSearch): Viewport {
  const [viewport] = useState(() => {
    const first = parseInstant(summary?.firstTs ?? '') ?? 0n
    const last = parseInstant(summary?.lastTs ?? '') ?? first
    const bounds = widen({ from: 0, to: Math.max(Number(last - first), 1_000) }, 0.004)
    const offset = (instant: string) => Number(BigInt(instant) - first)
    const { from, to, since, until } = search
    const span = from !== undefined && to !== undefined ? { from: offset(from), to: offset(to) } : bounds
    const viewport = new Viewport(first, bounds, length(span) > 0 ? span : bounds)
    if (since !== undefined && until !== undefined) viewport.select({ from: offset(since), to: offset(until) })
    return viewport
  })
  const write = useEffectEvent(() => {
    const { span, bounds, selection } = viewport
    const instant = (at: number) => String(viewport.instant(at))
    const all = span.from === bounds.from && span.to === bounds.to
    const shown = {
      from: all ? undefined : instant(span.from),
      to: all ? undefined : instant(span.to),
      since: selection ? instant(selection.from) : undefined,
      until: selection ? instant(selection.to) : undefined,
    }
    const names = ['from', 'to', 'since', 'until'] as const
    if (names.some((name) => shown[name] !== search[name])) onSearch(shown)
  })
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const unsubscribe = viewport.subscribe(() => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        write()
      }, REST)
    })
    return () => {
      clearTimeout(timer)
      unsubscribe()
    }
  }, [viewport])
  // A selection that was taken away in a table is taken away in the charts.
  useEffect(() => {
    if (search.since === undefined && viewport.selection) viewport.select(null)
  }, [viewport, search.since])
  return viewport
}

/** Shows the surroundings of an order, so close that it stands alone: some forty orders of average density. */
export function visitOrder(viewport: Viewport, at: number, orders: number): void {
  const close = (length(viewport.bounds) / Math.max(orders, 1)) * 40
  if (length(viewport.span) > close * 4) viewport.show({ from: at - close / 2, to: at + close / 2 })
  viewport.visit(at)
}

/** The instant that keys act on: the crosshair, or the middle of what is in sight. */
export function focusOf(viewport: Viewport): number {
  return viewport.crosshair ?? middle(viewport.span)
}
