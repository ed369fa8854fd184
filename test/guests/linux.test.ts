/** Debian's Linux 6.1 with BusyBox: self test, a disk, both consoles, the CD, and power off. */
import { execFileSync } from 'node:child_process'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FIRMWARES } from '../support/firmwares.ts'
import { guestFolder, runGuest } from '../support/guest.ts'
import { describeWith, pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'

const kernel = shared('guests/vmlinuz-686')
const small = shared('guests/initrd-686-small.gz')
const full = shared('guests/initrd-686.gz')
const cd = shared('guests/linux-686.iso')
const expected = shared('guests/selftest.expected')

for (const firmware of FIRMWARES) {
  describeWith([kernel, small, full, expected, ...firmware.needs], `Linux under ${firmware.name}`, () => {
    const flags = ['--memory', '256', '--timeout', '3000', ...firmware.flags, '--kernel', pathOf(kernel)]

    it('prints the self test exactly and powers off with status 0', async () => {
      const result = await runGuest([
        ...flags,
        '--initrd',
        pathOf(small),
        '--append',
        'console=ttyS0 quiet cryptomgr.notests selftest',
      ])
      const printed = result.stdout.replaceAll('\r', '').match(/SELFTEST-BEGIN[\s\S]*SELFTEST-END\n/)?.[0]
      expect({ status: result.status, stderr: result.stderr, printed }).toEqual({
        status: 0,
        stderr: '',
        printed: readFileSync(pathOf(expected), 'utf8'),
      })
    })

    it('partitions, formats and fills a disk that is whole when mounted again, on the serial console', async () => {
      const disk = join(guestFolder(), 'disk.img')
      writeFileSync(disk, '')
      truncateSync(disk, 64 << 20)
      const shell = (command: string, answer: string) => [
        `serial ${JSON.stringify(`${command}; echo END-$((6*7))-${answer}\n`)}`,
        `wait "END-42-${answer}" 300`,
      ]
      const { status, stderr } = await runGuest(
        [
          ...flags,
          '--initrd',
          pathOf(full),
          '--append',
          'console=tty0 console=ttyS0 quiet cryptomgr.notests',
          '--hda',
          disk,
        ],
        [
          'wait "GUEST-READY" 900',
          ...shell('modprobe ata_piix; modprobe sd_mod; modprobe ext4; sleep 3; ls /dev/sda', 'a'),
          ...shell(
            String.raw`printf "n\np\n1\n\n\nw\n" | fdisk /dev/sda > /dev/null; mdev -s 2>/dev/null; ls /dev/sda1`,
            'b',
          ),
          ...shell('mke2fs /dev/sda1 > /dev/null && mount -t ext4 /dev/sda1 /mnt && echo MOUNTED', 'c'),
          ...shell('seq 1 100000 > /tmp/data && cp /tmp/data /mnt/data && sync && umount /mnt', 'd'),
          ...shell(
            'mount -t ext4 /dev/sda1 /mnt && cmp /tmp/data /mnt/data && echo SAME-DATA > /mnt/verdict && umount /mnt',
            'e',
          ),
          String.raw`serial "poweroff -f\n"`,
          'wait "Power down" 60',
          'sleep 5',
        ],
      )
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      // The partition begins at a multiple of 512 bytes that the guest chose; the text in it is what counts.
      const strings = execFileSync('grep', ['-c', '-a', 'SAME-DATA', disk]).toString().trim()
      expect(Number(strings)).toBeGreaterThan(0)
    })
  })

  describeWith([cd, ...firmware.needs], `Linux from CD under ${firmware.name}`, () => {
    it('starts through ISOLINUX and gives a shell on the VGA console', async () => {
      const { status, stderr } = await runGuest(
        ['--memory', '256', '--timeout', '3000', ...firmware.flags, '--cdrom', pathOf(cd), '--boot', 'd'],
        [
          'wait "boot:" 60',
          String.raw`type "linux\r"`,
          'wait "GUEST-READY" 900',
          // The shell throws away what was typed before its prompt.
          'wait "/ #" 60',
          String.raw`type "echo $((6*7))-on-vga\n"`,
          'wait "42-on-vga" 60',
          'quit',
        ],
      )
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    })
  })
}
