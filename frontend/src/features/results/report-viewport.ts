import { useEffect, useState } from 'react'

import { length, middle, widen } from '@/charts/span'
import { Viewport } from '@/charts/viewport'
import type { Result } from '@/gen/tickreel/v1/result_pb'
import type { Address } from '@/ui/address'
import { parseInstant } from '@/ui/format/instant'

import type { ReportSearch } from './report-search'

type Window = Pick<ReportSearch, 'from' | 'to' | 'since' | 'until'>

/** Viewport of a report, kept in sync with the URL in both directions. */
export function useReportViewport({ summary }: Result, address: Address<ReportSearch>): Viewport {
  const [viewport] = useState(() => {
    const first = parseInstant(summary?.firstTs ?? '') ?? 0n
    const last = parseInstant(summary?.lastTs ?? '') ?? first
    const { from, to } = widen({ from: 0, to: Math.max(Number(last - first), 1_000) }, 0.004)
    // The URL holds whole nanoseconds.
    const viewport = new Viewport(first, { from: Math.floor(from), to: Math.ceil(to) })
    show(viewport, address.read())
    return viewport
  })
  useEffect(() => {
    const write = () => {
      const search = address.read()
      const window = windowOf(viewport, search.order !== undefined)
      if (!isSame(window, search)) address.change(window)
    }
    const follow = () => {
      const search = address.read()
      if (!isSame(windowOf(viewport, search.order !== undefined), search)) show(viewport, search)
      write()
    }
    write()
    const leaveViewport = viewport.subscribe(write)
    const leaveAddress = address.subscribe(follow)
    return () => {
      leaveViewport()
      leaveAddress()
    }
  }, [viewport, address])
  return viewport
}

/**
 * URL parameters of a viewport.
 *
 * The span is omitted if the whole run is visible, unless there is an order: a URL with only an order moves the charts to it.
 */
function windowOf(viewport: Viewport, withOrder: boolean): Window {
  const { span, bounds, selection } = viewport
  const instant = (at: number) => String(viewport.instant(at))
  const all = !withOrder && instant(span.from) === instant(bounds.from) && instant(span.to) === instant(bounds.to)
  return {
    from: all ? undefined : instant(span.from),
    to: all ? undefined : instant(span.to),
    since: selection ? instant(selection.from) : undefined,
    until: selection ? instant(selection.to) : undefined,
  }
}

function isSame(a: Window, b: Window): boolean {
  return a.from === b.from && a.to === b.to && a.since === b.since && a.until === b.until
}

/** Apply URL parameters to a viewport. */
function show(viewport: Viewport, { from, to, since, until }: Window): void {
  const spanOf = (from: string | undefined, to: string | undefined) => {
    if (from === undefined || to === undefined || BigInt(from) > BigInt(to)) return undefined
    return { from: viewport.offset(BigInt(from)), to: viewport.offset(BigInt(to)) }
  }
  viewport.restore(spanOf(from, to) ?? viewport.bounds, spanOf(since, until) ?? null)
}

/** Zoom to an order so that its marker stands alone: about forty orders at average density. */
export function visitOrder(viewport: Viewport, at: number, orders: number): void {
  const close = (length(viewport.bounds) / Math.max(orders, 1)) * 40
  if (length(viewport.span) > close * 4) viewport.show({ from: at - close / 2, to: at + close / 2 })
  viewport.visit(at)
}

/** Instant that keys act on: the crosshair, or the middle of the span. */
export function focusOf(viewport: Viewport): number {
  return viewport.crosshair ?? middle(viewport.span)
}
