import type { Page } from 'playwright-core';

/** Hills at sunset, 360 × 220. */
const hills = `(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 360, height: 220 });
  const pen = canvas.getContext('2d');
  const sky = pen.createLinearGradient(0, 0, 0, 170);
  sky.addColorStop(0, '#312e81');
  sky.addColorStop(0.55, '#db7093');
  sky.addColorStop(1, '#fdba74');
  pen.fillStyle = sky;
  pen.fillRect(0, 0, 360, 220);
  pen.fillStyle = '#fff3c4';
  pen.beginPath();
  pen.arc(245, 118, 26, 0, 7);
  pen.fill();
  const ranges = [['#6d4c7d', 128, 20, 0], ['#473a66', 152, 16, 2], ['#1f2a44', 182, 12, 4]];
  for (const [color, level, height, shift] of ranges) {
    pen.fillStyle = color;
    pen.beginPath();
    pen.moveTo(0, 220);
    for (let x = 0; x <= 360; x += 4) pen.lineTo(x, level + height * Math.sin(x / 46 + shift));
    pen.lineTo(360, 220);
    pen.fill();
  }
  return canvas.toDataURL('image/png').split(',')[1];
})()`;

/** A picture, painted by the browser: a PNG of 360 × 220. */
export async function paintPicture(page: Page): Promise<Buffer> {
  return Buffer.from(await page.evaluate<string>(hills), 'base64');
}
