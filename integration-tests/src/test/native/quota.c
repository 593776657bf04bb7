/* quota DEVICE USER BYTES INODES: what a user may have of a file system whose quotas are on. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/quota.h>

int main(int count, char **words)
{
    struct dqblk limits = {0};

    if (count != 5)
        return 2;
    limits.dqb_bhardlimit = strtoull(words[3], NULL, 10) / 1024;
    limits.dqb_ihardlimit = strtoull(words[4], NULL, 10);
    limits.dqb_valid = QIF_LIMITS;
    if (quotactl(QCMD(Q_SETQUOTA, USRQUOTA), words[1], atoi(words[2]), (caddr_t)&limits) < 0) {
        perror("quotactl");
        return 1;
    }
    return 0;
}
