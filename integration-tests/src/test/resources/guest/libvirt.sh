# Runs one domain with a share for each way of writing <filesystem>, one of a socket of systemd's, and one that comes and goes
# while it runs; and at the same time the domain of an ordinary user. The guests copy a file in each share, give the copy
# away and note how it is mounted; $1 is the kernel.
set -e
mkdir -p /tmp/i/bin /tmp/i/proc /tmp/i/sys /tmp/i/mnt /tmp/i/plain
cp /usr/bin/busybox /tmp/i/bin/
for program in mount umount cat chown grep ls sleep sync poweroff touch; do
    ln -s busybox /tmp/i/bin/$program
done
cat >/tmp/i/init <<'END'
#!/bin/busybox sh
use() {
    mount -t virtiofs $1 /mnt 2>/dev/null || return
    cat /mnt/file >/mnt/copy
    chown 1234:1234 /mnt/copy
    grep ' /mnt ' /proc/mounts >/mnt/mounts
    umount /mnt
}
devices() {
    ls /sys/bus/virtio/drivers/virtiofs
}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for tag in ${tags//,/ }; do
    use $tag
done
if [ "$hot" ]; then
    before=$(devices)
    mount -t virtiofs plain /plain
    touch /plain/ready
    until use hot; do sleep 0.1; done
    touch /plain/used
    while [ "$(devices)" != "$before" ]; do sleep 0.1; done
    exec 7<>/plain/held
    echo first >&7
    touch /plain/gone
    until [ -e /plain/go ]; do sleep 0.1; done
    echo last >&7
    exec 7>&-
    umount /plain
fi
sync
poweroff -f
END
chmod +x /tmp/i/init
(cd /tmp/i && busybox find . | busybox cpio -o -H newc) >/tmp/initrd

# domain NAME CMDLINE DEVICES
domain() {
    cat <<END
<domain type='qemu'><name>$1</name><memory unit='MiB'>512</memory><vcpu>1</vcpu>
<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>$kernel</kernel><initrd>/tmp/initrd</initrd>
<cmdline>console=ttyS0 tsc=reliable panic=1 $2</cmdline></os>
<features><acpi/><apic/></features><cpu mode='maximum'/>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
$3
</devices></domain>
END
}
# filesystem TAG DRIVER_ATTRIBUTES MORE
filesystem() {
    echo "<filesystem type='mount'><driver type='virtiofs'$2/><target dir='$1'/>$3</filesystem>"
}
# share TAG BINARY DRIVER_ATTRIBUTES MORE
share() {
    mkdir -p $shares/$1
    echo of-the-host >$shares/$1/file
    filesystem $1 "$3" "$2<source dir='$shares/$1'/>$4"
}
kernel=$1
b="path='/usr/bin/jvirtiofsd'"

# The ordinary user's.
shares=/home/user
mkdir -p $shares/.config/libvirt /run/user/1000
domain session "tags=session" \
    "$(share session "<binary $b/>")<serial type='file'><source path='/home/user/console'/></serial>" >$shares/session.xml
echo 'stdio_handler = "file"' >$shares/.config/libvirt/qemu.conf
cat >$shares/script <<'END'
cd
export LIBVIRT_DEFAULT_URI=qemu:///session
virsh create session.xml || cat .cache/libvirt/qemu/log/*
for i in $(seq 240); do
    virsh list --name | grep -q session || break
    sleep 0.5
done
grep -H . session/mounts || tail -20 console
stat -c '%n %u:%g' session/copy
END
echo 'user:x:1000:1000::/home/user:/bin/bash' >>/etc/passwd
echo 'user:x:1000:' >>/etc/group
echo 'user:100000:65536' >/etc/subuid
echo 'user:100000:65536' >/etc/subgid
chown -R 1000:1000 /home/user /run/user/1000
chmod 700 /run/user/1000
setpriv --reuid=1000 --regid=1000 --init-groups env HOME=/home/user XDG_RUNTIME_DIR=/run/user/1000 bash /home/user/script >/tmp/session 2>&1 &
session=$!

# The unit's socket, by a systemd that has to do with nothing else of this machine.
shares=/srv
share socket >/dev/null
mkdir -p /etc/jvirtiofsd
sed s,/srv/guests/share,/srv/socket, /usr/share/doc/jvirtiofsd/examples/example.conf >/etc/jvirtiofsd/share.conf
for kind in socket service; do
    mkdir -p /etc/systemd/system/jvirtiofsd@.$kind.d
    printf '[Unit]\nDefaultDependencies=no\n' >/etc/systemd/system/jvirtiofsd@.$kind.d/alone.conf
done
printf '[Service]\nStandardOutput=append:/tmp/service\n' >>/etc/systemd/system/jvirtiofsd@.service.d/alone.conf
touch /etc/machine-id # else it would ask for what a first boot wants to know
[ -e /sys/fs/cgroup/cgroup.procs ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
cgroup=$(mktemp -d /sys/fs/cgroup/jvirtiofsd-XXXXXX)
sh -ec '
    echo $$ >$0/cgroup.procs
    export container=test
    exec unshare --pid --fork --kill-child --mount --mount-proc --cgroup --uts --net sh -ec "
        mount -o bind,ro /proc/sys /proc/sys
        umount /sys/fs/cgroup
        mount -o remount,bind,ro /sys
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        exec /usr/lib/systemd/systemd --unit=jvirtiofsd@share.socket --log-target=console"' $cgroup >/tmp/systemd 2>&1 &
disown # else bash may tell that it was killed in the end
end_systemd() {
    echo 1 >$cgroup/cgroup.kill
    for i in $(seq 50); do
        busybox find $cgroup -depth -type d -exec rmdir {} ';' 2>/dev/null
        [ -d $cgroup ] || break
        sleep 0.1
    done
}
trap end_systemd EXIT

domain t "tags=plain,binary,namespace,chroot,always,none,more,readonly,socket hot=yes" "
$(share plain)
$(share binary "<binary $b/>" " queue='1024'")
$(share namespace "<binary $b><sandbox mode='namespace'/></binary>")
$(share chroot "<binary $b><sandbox mode='chroot'/></binary>")
$(share always "<binary $b><cache mode='always'/></binary>")
$(share none "<binary $b><cache mode='none'/></binary>")
$(share more "<binary $b xattr='on'><thread_pool size='4'/><openfiles max='4096'/></binary>")
$(share readonly "<binary $b/>" "" "<readonly/>")
$(filesystem socket "" "<source socket='/run/jvirtiofsd/share.sock'/>")
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/tmp/disk'/><target dev='vda' bus='virtio'/></disk>
<serial type='file'><source path='/tmp/console'/></serial>" >/tmp/t.xml
share hot "<binary $b/>" >/tmp/hot.xml
id="start='0' target='100000' count='65536'"
share mapped "<binary $b/>" "" "<idmap><uid $id/><gid $id/></idmap>" >/tmp/mapped.xml
libvirtd -d
for socket in libvirt/libvirt-sock jvirtiofsd/share.sock; do
    for i in $(seq 100); do [ -S /run/$socket ] && break; sleep 0.1; done
done
qemu-img create -q -f qcow2 /tmp/disk 1G # for the memory of a snapshot
virsh define /tmp/t.xml
virsh start t || {
    cat /var/log/libvirt/qemu/*.log /tmp/systemd /tmp/service
    exit 1
}
# await FILE: waits until the guest has made it, or is gone
await() {
    for i in $(seq 240); do
        [ ! -e /srv/plain/$1 ] && virsh list --name | grep -q t || break
        sleep 0.5
    done
}
await ready
! virsh attach-device t /tmp/mapped.xml
virsh attach-device t /tmp/hot.xml
await used
virsh detach-device t /tmp/hot.xml
await gone
# With a file open in a share, and the others in use a moment ago.
virsh save t /tmp/t.save
virsh restore /tmp/t.save
virsh managedsave t
virsh start t
virsh snapshot-create-as t one
virsh snapshot-revert t one
virsh snapshot-delete t one
touch /srv/plain/go
await end
cd /srv
grep -H . */mounts plain/held || tail -20 /tmp/console
stat -c '%n %u:%g' */copy
ls plain/gone
cat /tmp/systemd
wait $session
cat /tmp/session
logs="/var/log/libvirt/qemu/t-fs*-virtiofsd.log /home/user/.cache/libvirt/qemu/log/session-fs0-virtiofsd.log /tmp/service"
grep -h '^jvirtiofsd: ' $logs
grep -hE 'WARN|ERROR' $logs || echo no complaints
