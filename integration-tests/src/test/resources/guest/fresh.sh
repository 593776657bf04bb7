# A Debian with nothing in it: the package is installed as README.md says (/shared/install), serves a guest of libvirt's with
# README's words for it (/shared/memory.xml, /shared/filesystem.xml) and the settings libvirt comes with, and is removed.
# Says when each of it was done. The kernel for the guest is /shared/vmlinuz.
set -e
export DEBIAN_FRONTEND=noninteractive
quietly() {
    "$@" >/tmp/said 2>&1 || {
        cat /tmp/said
        exit 1
    }
}
begin=$(cut -d ' ' -f 1 /proc/uptime)
now() {
    read -r seconds _ </proc/uptime
    echo "$* after $((10#${seconds/./} - 10#${begin/./})) hundredths of a second"
}

cd /shared
quietly . /shared/install
now installed
cd /
mkdir -p /srv/guests/share
chmod 700 /srv/guests
echo of-the-host >/srv/guests/share/file
jvirtiofsd doctor /srv/guests/share

# serve OPTIONS: as ./jvirtiofsd of README.md, until the socket is there
serve() {
    jvirtiofsd --shared-dir /srv/guests/share --socket-path /run/share.sock "$@" >/tmp/daemon 2>&1 &
    for i in $(seq 200); do
        [ ! -S /run/share.sock ] && kill -0 $! 2>/dev/null || break
        sleep 0.1
    done
    cat /tmp/daemon
}
serve
now listening
kill $!
wait $!

quietly apt-get install --no-install-recommends libvirt-daemon-system qemu-system-x86 busybox-static
now libvirt
mkdir -p /tmp/i/bin /tmp/i/proc /tmp/i/mnt
cp /usr/bin/busybox /tmp/i/bin/
cat >/tmp/i/init <<'END'
#!/bin/busybox sh
/bin/busybox --install /bin
mount -t proc proc /proc
mount -t virtiofs share /mnt
cat /mnt/file >/mnt/copy
chown 1234:1234 /mnt/copy
grep ' /mnt ' /proc/mounts >/mnt/mounts
umount /mnt
poweroff -f
END
chmod +x /tmp/i/init
mkdir /srv/boot
(cd /tmp/i && busybox find . | busybox cpio -o -H newc) >/srv/boot/initrd
cp /shared/vmlinuz /srv/boot/
cat >/tmp/domain.xml <<END
<domain type='qemu'><name>fresh</name><memory unit='MiB'>512</memory><vcpu>1</vcpu>
$(cat /shared/memory.xml)
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>/srv/boot/vmlinuz</kernel><initrd>/srv/boot/initrd</initrd>
<cmdline>console=ttyS0 tsc=reliable panic=1</cmdline></os>
<features><acpi/><apic/></features><cpu mode='maximum'/>
<devices>
$(cat /shared/filesystem.xml)
<serial type='file'><source path='/var/log/libvirt/qemu/console'/></serial>
</devices></domain>
END
umount -lR /sys/fs/cgroup # libvirt would make groups of this machine's
virtlogd -d # as systemd would, when it is asked for
libvirtd -d
for i in $(seq 100); do [ -S /run/libvirt/libvirt-sock ] && break; sleep 0.1; done
virsh define /tmp/domain.xml
virsh start fresh || {
    cat /var/log/libvirt/qemu/*.log
    exit 1
}
now started
for i in $(seq 240); do
    [ ! -e /srv/guests/share/mounts ] && virsh list --name | grep -q fresh || break
    sleep 0.5
done
now mounted
for i in $(seq 60); do
    virsh list --name | grep -q fresh || break
    sleep 0.5
done
grep . /srv/guests/share/mounts || tail -n 20 /var/log/libvirt/qemu/*
stat -c '%n %u:%g' /srv/guests/share/copy
cat /var/log/libvirt/qemu/fresh-fs0-virtiofsd.log

echo without pivot_root
mv "$(command -v pivot_root)" /tmp/
serve --sandbox=namespace
serve
kill $!
wait $!
mv /tmp/pivot_root /usr/bin/

quietly apt-get purge jvirtiofsd
echo left:
find / /run -xdev -name '*jvirtiofsd*'
