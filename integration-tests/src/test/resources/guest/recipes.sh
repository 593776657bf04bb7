# Runs blocks of the documents, as files in /shared/blocks, in the root of the clients, where a systemd of its own runs.
# Started again by that systemd, as a service. $1 is the kernel.
set -e
if [ $$ = 1 ]; then
    export container=other
    echo 0123456789abcdef0123456789abcdef >/etc/machine-id # or it asks what a first boot asks
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    find /sys/fs/cgroup/recipes.* -depth -type d -exec rmdir {} + 2>/dev/null || true # of earlier runs, without processes
    group=$(mktemp -d /sys/fs/cgroup/recipes.XXXXXX)
    echo $$ >"$group/cgroup.procs"
    printf '[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nStandardOutput=append:/shared/said\nStandardError=inherit\n' \
        >/etc/systemd/system/recipes.service
    printf 'Environment=HOME=/root TERM=dumb\nExecStart=/bin/bash /shared/script %s\n' "$1" >>/etc/systemd/system/recipes.service
    printf 'ExecStopPost=/usr/bin/systemctl exit $EXIT_STATUS\n' >>/etc/systemd/system/recipes.service
    exec unshare --cgroup --mount sh -c 'umount /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        exec /usr/lib/systemd/systemd --unit=recipes.service --log-target=null'
fi
kernel=$1

# init TREE: makes a root of busybox whose init mounts all shares there are, as /mnt/TAG, and says so in each.
init() {
    mkdir -p "$1"/{bin,sbin,usr,etc,proc,sys,dev,run,mnt,tmp}
    echo ID=test >"$1/etc/os-release"
    cp /usr/bin/busybox "$1/bin/"
    cat >"$1/sbin/init" <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
grep ' / ' /proc/mounts >/mount-of-the-root
mount -t tmpfs tmpfs /mnt
for tag in $(cat /sys/fs/virtiofs/*/tag); do
    mkdir /mnt/$tag
    mount -t virtiofs $tag /mnt/$tag
    grep " /mnt/$tag " /proc/mounts >/mnt/$tag/mounts-of-the-guest
done
sync
poweroff -f
END
    chmod +x "$1/sbin/init"
}

# libvirt, which starts one daemon and connects to another that systemd starts.
mkdir -p /srv/guests/home /run/lock
bash -e /shared/blocks/Install
bash -e /shared/blocks/service
systemctl is-active jvirtiofsd@share.socket jvirtiofsd@site.socket
init /tmp/i
ln -s sbin/init /tmp/i/init
(cd /tmp/i && busybox find . | busybox cpio -o -H newc) >/tmp/initrd
cat >/tmp/t.xml <<END
<domain type='qemu'><name>t</name><memory unit='MiB'>512</memory><vcpu>1</vcpu>
$(cat /shared/blocks/libvirt-memory)
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>$kernel</kernel><initrd>/tmp/initrd</initrd><cmdline>console=ttyS0 tsc=reliable panic=1</cmdline></os>
<features><acpi/><apic/></features><cpu mode='maximum'/>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
$(cat /shared/blocks/libvirt-devices)
<serial type='file'><source path='/tmp/console'/></serial>
</devices></domain>
END
libvirtd -d
for i in $(seq 100); do [ -S /run/libvirt/libvirt-sock ] && break; sleep 0.1; done
virsh create /tmp/t.xml || {
    cat /var/log/libvirt/qemu/*.log
    exit 1
}
for i in $(seq 240); do
    virsh list --name | grep -q t || break
    sleep 0.5
done
cd /srv/guests
grep . */mounts-of-the-guest || tail -20 /tmp/console

# systemd-vmspawn
init /srv/guests/root
rm /srv/guests/*/mounts-of-the-guest /usr/local/bin/virtiofsd
mkdir -p /run/dbus
dbus-daemon --session --address=unix:path=/run/dbus/system_bus_socket --fork
bash -e /shared/blocks/systemd-vmspawn
grep . */mounts-of-the-guest
grep -q ' / virtiofs ' root/mount-of-the-root

# virtme-ng
rm /usr/local/bin/virtiofsd
cd /root
echo file-of-the-host >/root/file
# It waits three seconds for the daemon, and the machines of other tests take the processors.
nice -n -10 bash -e /shared/blocks/virtme-ng 2>&1 | cat # it would write over what was said
cat /root/answer
if ls /tmp | grep '\.pid'; then exit 1; fi
