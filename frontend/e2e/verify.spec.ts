import { SnapshotMode } from '../src/gen/tickreel/v1/result_pb'
import { expect, test } from './fixtures'

const TRADES =
  'data_downloads/raw_tick_data/by_date/day-2024-05-17/data_type-trades/SAMPLE-SPOT:SPOT_PAIR:SOL-USDT.parquet'

test('a verification is equal, and after a change of a raw price it names the first different order', async ({
  page,
  stack,
}) => {
  const runId = await stack.createRun({
    configId: 'sample_sol_usdt',
    snapshotMode: SnapshotMode.TRADES,
    minute: true,
  })
  await stack.finish(runId)
  await page.goto(`/runs/${runId}`)
  await page.getByRole('button', { name: 'Verify' }).click()
  const verdict = page.getByRole('region', { name: 'Verification' })
  await expect(verdict).toContainText('Equal.')
  const { orders = 0, fills = 0 } = (await stack.runner.getRun({ runId })).run?.result?.summary ?? {}
  expect(fills).toBeGreaterThan(10)
  await expect(verdict).toContainText(`all ${orders} orders, ${fills} fills and the account are the same`)

  stack.python(editPrice('tenth'))
  try {
    await page.getByRole('button', { name: 'Verify' }).click()
    await expect(verdict).toContainText('Different. Order 10 is the first that differs')
    await expect(verdict).toContainText('2024-05-17 22:00:')
    await expect(verdict.getByRole('row', { name: /^data raw_tick_data\/.*data_type-trades.*SOL-USDT/ })).toBeVisible()
    const price = verdict.getByRole('row', { name: /^price / })
    const [before, after] = (await price.getByRole('cell').allTextContents()).map(Number)
    expect(after).toBeCloseTo((before ?? 0) + 1, 9)

    await verdict.getByRole('button', { name: 'Show order' }).click()
    await expect(page.getByRole('region', { name: 'Selected order' })).toContainText(String(before))
    await expect(page).toHaveURL(/order=%2210%22/)

    // The verdict survives a reload and is in the list of runs.
    await page.reload()
    await expect(verdict).toContainText('Different.')
    await page.goto('/runs?state=verifications')
    const { runs } = await stack.runner.listRuns({ filter: `verified_run_id = "${runId}"` })
    // Newest first.
    const rows = runs.map((run) => page.getByRole('row', { name: new RegExp(run.runId) }).textContent())
    expect(await Promise.all(rows)).toEqual([expect.stringContaining('different'), expect.stringContaining('equal')])
  } finally {
    stack.python(editPrice('restored'))
  }
})

/** Python code that adds one to the tenth price of SOL-USDT, or subtracts it again. */
function editPrice(edit: 'tenth' | 'restored'): string {
  return `
import pyarrow as pa, pyarrow.parquet as pq
path = "${TRADES}"
table = pq.ParquetFile(path).read()
prices = table["price"].to_pylist()
prices[9] += ${edit === 'tenth' ? 1 : -1}
pq.write_table(table.set_column(table.schema.get_field_index("price"), "price", pa.array(prices)), path)`
}
