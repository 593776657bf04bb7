# Extended attributes, access lists, flags and nameless files of the directory in argv[1], which is
# on a share; prints what a host's file system would say, so that the host can be asked, too.
import ctypes, errno, fcntl, os, select, struct, sys

os.chdir(sys.argv[1])
LARGE = os.urandom(3000)


def attempt(action):
    try:
        result = action()
        return result if result is not None else 'done'
    except OSError as error:
        return errno.errorcode[error.errno]


def tell(what, action):
    print(what + ':', attempt(action))


def as_user(uid, gid, action, groups=()):
    """What action gives in a process of this user."""
    out, into = os.pipe()
    if os.fork() == 0:
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        os.write(into, str(attempt(action)).encode())
        os._exit(0)
    os.close(into)
    os.wait()
    return os.read(out, 1000).decode()


def mode(path):
    return oct(os.lstat(path).st_mode)


def acl(*entries):
    return struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in entries)


def make(path, bits):
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, bits))


os.umask(0o022)
os.mkdir('work')
os.chdir('work')
make('file', 0o666)
os.symlink('file', 'link')
os.mkfifo('fifo')

# attributes
tell('set', lambda: os.setxattr('file', 'user.a', LARGE))
tell('get', lambda: os.getxattr('file', 'user.a') == LARGE)
tell('again', lambda: os.setxattr('file', 'user.a', b'x', os.XATTR_CREATE))
tell('replace', lambda: os.setxattr('file', 'user.b', b'x', os.XATTR_REPLACE))
tell('trusted', lambda: os.setxattr('file', 'trusted.b', b'x'))
tell('list', lambda: sorted(n for n in os.listxattr('file') if not n.startswith('security.')))
tell('trusted link', lambda: os.setxattr('link', 'trusted.c', b'x', follow_symlinks=False))
tell('user link', lambda: os.setxattr('link', 'user.c', b'x', follow_symlinks=False))
tell('trusted fifo', lambda: os.setxattr('fifo', 'trusted.d', b'x'))
tell('user fifo', lambda: os.setxattr('fifo', 'user.d', b'x'))
tell('link has', lambda: os.getxattr('link', 'trusted.c', follow_symlinks=False))
tell('remove', lambda: os.removexattr('file', 'user.a'))
tell('gone', lambda: os.getxattr('file', 'user.a'))
os.chmod('.', 0o777)
tell('user sets', lambda: as_user(1000, 1000, lambda: os.setxattr('file', 'user.u', b'x')))
tell('user sets trusted', lambda: as_user(1000, 1000, lambda: os.setxattr('file', 'trusted.u', b'x')))
tell('user lists', lambda: as_user(1000, 1000, lambda: os.listxattr('file')))

# access lists
users = acl((1, 7, 0xffffffff), (2, 7, 1000), (4, 5, 0xffffffff), (16, 7, 0xffffffff), (32, 0, 0xffffffff))
os.mkdir('default')
tell('default acl', lambda: os.setxattr('default', 'system.posix_acl_default', users))
os.umask(0o077)
make('default/file', 0o666)
os.mkdir('default/dir', 0o777)
make('plain', 0o666)
for path in 'default/file', 'default/dir', 'plain':
    tell(path, lambda: mode(path))
tell('inherited', lambda: os.getxattr('default/dir', 'system.posix_acl_default') == users)
os.umask(0o022)
os.chmod('default', 0o755)
make('secret', 0o600)
tell('before', lambda: as_user(1000, 1000, lambda: open('secret').read()))
tell('access acl', lambda: os.setxattr('secret', 'system.posix_acl_access', users))
tell('after', lambda: as_user(1000, 1000, lambda: open('secret').read() == ''))
tell('other', lambda: as_user(1001, 1001, lambda: open('secret').read()))
tell('mode with acl', lambda: mode('secret'))
os.chmod('secret', 0o600)
tell('masked', lambda: as_user(1000, 1000, lambda: open('secret').read()))

# set-group-ID
make('setgid', 0o755)
os.chown('setgid', 1000, 3000)
os.chmod('setgid', 0o2755)
tell('stranger', lambda: as_user(1000, 1000, lambda: os.setxattr('setgid', 'system.posix_acl_access', users)))
tell('is', lambda: mode('setgid'))
os.mkdir('groups')
os.chown('groups', 0, 3000)
os.chmod('groups', 0o2777)
os.umask(0)
tell('made', lambda: as_user(1000, 1000, lambda: make('groups/stranger', 0o2775)))
tell('made', lambda: as_user(1000, 1000, lambda: make('groups/member', 0o2775), [3000]))
tell('stranger', lambda: mode('groups/stranger'))
tell('member', lambda: mode('groups/member'))

# capabilities
cap = struct.pack('<5I', 0x02000001, 0x2000, 0, 0, 0)
make('capable', 0o755)
for change in ('open("capable", "a").write("x")', 'os.truncate("capable", 0)', 'os.chown("capable", 0, 0)'):
    tell('set', lambda: os.setxattr('capable', 'security.capability', cap))
    tell('has', lambda: os.getxattr('capable', 'security.capability') == cap)
    exec(change)
    tell('after ' + change[:8], lambda: os.getxattr('capable', 'security.capability'))

# nameless files
fd = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o640)
os.write(fd, b'content')
tell('links', lambda: os.fstat(fd).st_nlink)
tell('name it', lambda: os.link('/proc/self/fd/%d' % fd, 'named', src_dir_fd=fd))
tell('named', lambda: open('named').read() + mode('named'))
os.close(fd)

# flags
fd = os.open('named', os.O_RDONLY)
flags = bytearray(8)
tell('getflags', lambda: fcntl.ioctl(fd, 0x80086601, flags))
value = struct.unpack('<I', flags[:4])[0]
tell('setflags', lambda: fcntl.ioctl(fd, 0x40086602, struct.pack('<Q', value | 0x10)) and None)
tell('immutable', lambda: os.unlink('named'))
tell('setflags', lambda: fcntl.ioctl(fd, 0x40086602, struct.pack('<Q', value)) and None)
xattr = bytearray(28)
tell('fsgetxattr', lambda: fcntl.ioctl(fd, 0x801c581f, xattr))
tell('fssetxattr', lambda: fcntl.ioctl(fd, 0x401c5820, bytes(xattr)) and None)
tell('another ioctl', lambda: fcntl.ioctl(fd, 0x5401, bytearray(60)))
os.close(fd)
directory = os.open('.', os.O_RDONLY)
tell('getflags of a directory', lambda: fcntl.ioctl(directory, 0x80086601, bytearray(8)))

# the rest
libc = ctypes.CDLL(None, use_errno=True)
tell('syncfs', lambda: libc.syncfs(directory))
poll = select.poll()
poll.register(directory)
tell('poll', lambda: [event for _, event in poll.poll(0)])
