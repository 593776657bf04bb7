# Runs one domain with a share for each way of writing <filesystem>, and waits for its end. The guest copies a file in
# each, gives the copy away and notes how it is mounted; $1 is the kernel.
set -e
mkdir -p /tmp/i/bin /tmp/i/proc /tmp/i/mnt /srv
cp /usr/bin/busybox /tmp/i/bin/
cat >/tmp/i/init <<'END'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
for tag in plain binary namespace chroot always none more readonly; do
    /bin/busybox mount -t virtiofs $tag /mnt || continue
    /bin/busybox cat /mnt/file >/mnt/copy
    /bin/busybox chown 1234:1234 /mnt/copy
    /bin/busybox grep ' /mnt ' /proc/mounts >/mnt/mounts
    /bin/busybox umount /mnt
done
/bin/busybox sync
/bin/busybox poweroff -f
END
chmod +x /tmp/i/init
(cd /tmp/i && busybox find . | busybox cpio -o -H newc) >/tmp/initrd
cat >/etc/libvirt/qemu.conf <<'END'
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
remember_owner = 0
END
# share TAG BINARY DRIVER_ATTRIBUTES MORE
share() {
    mkdir -p /srv/$1
    echo of-the-host >/srv/$1/file
    echo "<filesystem type='mount'><driver type='virtiofs'$3/>$2<source dir='/srv/$1'/><target dir='$1'/>$4</filesystem>"
}
b="path='/usr/bin/jvirtiofsd'"
cat >/tmp/t.xml <<END
<domain type='qemu'><name>t</name><memory unit='MiB'>512</memory><vcpu>1</vcpu>
<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>$1</kernel><initrd>/tmp/initrd</initrd><cmdline>console=ttyS0 tsc=reliable panic=1</cmdline></os>
<features><acpi/><apic/></features><cpu mode='maximum'/>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
$(share plain)
$(share binary "<binary $b/>" " queue='1024'")
$(share namespace "<binary $b><sandbox mode='namespace'/></binary>")
$(share chroot "<binary $b><sandbox mode='chroot'/></binary>")
$(share always "<binary $b><cache mode='always'/></binary>")
$(share none "<binary $b><cache mode='none'/></binary>")
$(share more "<binary $b xattr='on'><thread_pool size='4'/><openfiles max='4096'/></binary>")
$(share readonly "<binary $b/>" "" "<readonly/>")
<serial type='file'><source path='/tmp/console'/></serial>
</devices></domain>
END
echo 'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/bin/false' >>/etc/passwd
echo 'libvirt-qemu:x:64055:' >>/etc/group
echo 'kvm:x:64056:' >>/etc/group
rmdir /var/run && ln -s /run /var/run
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
cd /srv
grep -H . */mounts || tail -20 /tmp/console
stat -c '%n %u:%g' */copy
grep -E 'WARN|ERROR' /var/log/libvirt/qemu/t-fs*-virtiofsd.log || echo no complaints
