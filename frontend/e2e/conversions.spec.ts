import { expect, test } from './fixtures'

interface Converted {
  conversion_id: string
  files: { source: string; rows: number; cached?: boolean }[]
}

test('a conversion is listed with its files, and the next one appears automatically', async ({ page, stack }) => {
  const convert = [
    'convert',
    '--instrument',
    'SAMPLE-SPOT:SPOT_PAIR:SOL-USDT',
    '--data_types',
    'both',
    '--output',
    'json',
    '--start',
    '2024-05-17T22:00:00Z',
    '--end',
    '2024-05-18T02:00:00Z',
  ]
  const first = JSON.parse(stack.tickreel(...convert, '--force')) as Converted
  await page.goto('/data?view=conversions')
  const conversions = page.getByRole('grid', { name: 'Conversions' })
  await conversions
    .getByRole('row', { name: /SOL-USDT/ })
    .first()
    .click()
  const one = page.getByRole('region', { name: `Conversion ${first.conversion_id}` })
  await expect(one).toContainText('succeeded')
  await expect(page).toHaveURL(new RegExp(`conversion=${first.conversion_id}`))
  expect(first.files).toHaveLength(4)
  for (const { source, rows } of first.files) {
    const file = one.getByRole('row', { name: new RegExp(source.split('/').slice(-3, -1).join('/ ?')) })
    await expect(file).toContainText(rows.toLocaleString('en-US'))
    await expect(file).toContainText('converted')
  }

  const again = JSON.parse(stack.tickreel(...convert)) as Converted
  await conversions
    .getByRole('row', { name: /SOL-USDT.*4 files, 4 cached/ })
    .first()
    .click()
  await expect(
    page.getByRole('region', { name: `Conversion ${again.conversion_id}` }).getByRole('gridcell', { name: 'cached' }),
  ).toHaveCount(4)
})
