/* Ways to access a device: ulong form(ulong address, ulong value), r2 and r3. */
.macro form name
    .globl form_\name
    .type form_\name, @function
form_\name:
.endm
.macro done name
    br %r14
    .size form_\name, . - form_\name
.endm

    .text
/* loads */
form llgc
    llgc %r2, 0(%r2)
done llgc
form lgb
    lgb %r2, 0(%r2)
done lgb
form ic
    lghi %r0, 0
    ic %r0, 0(%r2)
    lgr %r2, %r0
done ic
form llgh
    llgh %r2, 0(%r2)
done llgh
form lgh
    lgh %r2, 0(%r2)
done lgh
form lh
    lhi %r0, 0
    lh %r0, 0(%r2)
    llgfr %r2, %r0
done lh
form l
    l %r2, 0(%r2)
    llgfr %r2, %r2
done l
form l_indexed
    aghi %r2, -0x710
    lghi %r1, 0x10
    l %r2, 0x700(%r1, %r2)
    llgfr %r2, %r2
done l_indexed
form ly
    ahi %r2, 0x4000
    ly %r2, -0x4000(%r2)
    llgfr %r2, %r2
done ly
form llgf
    llgf %r2, 0(%r2)
done llgf
form lgf
    lgf %r2, 0(%r2)
done lgf
form lg
    lg %r2, 0(%r2)
done lg
form lt
    lt %r2, 0(%r2)
    llgfr %r2, %r2
done lt
form lm
    lm %r2, %r2, 0(%r2)
    llgfr %r2, %r2
done lm
form a
    lghi %r0, 0
    a %r0, 0(%r2)
    llgfr %r2, %r0
done a
form le
    le %f0, 0(%r2)
    ste %f0, 80(%r15)
    llgf %r2, 80(%r15)
done le
form lam
    lam %a2, %a2, 0(%r2)
    ear %r2, %a2
    llgfr %r2, %r2
done lam
/* stores */
form st
    st %r3, 0(%r2)
done st
form st_indexed
    lghi %r1, -0x200
    st %r3, 0x200(%r1, %r2)
done st_indexed
form sty
    sty %r3, 0(%r2)
done sty
form sth
    sth %r3, 0(%r2)
done sth
form stc
    stc %r3, 0(%r2)
done stc
form stg
    stg %r3, 0(%r2)
done stg
form stm
    stm %r3, %r3, 0(%r2)
done stm
form ste
    st %r3, 80(%r15)
    le %f0, 80(%r15)
    ste %f0, 0(%r2)
done ste
/* more than one access, fixed values, bytes that come in another order */
form mvi
    mvi 0(%r2), 0x41
done mvi
form mvhi
    mvhi 0(%r2), -5
done mvhi
form mvhhi
    mvhhi 0(%r2), 0x1234
done mvhhi
form mvghi
    mvghi 0(%r2), 0x1234
done mvghi
form lrv
    lrv %r2, 0(%r2)
    llgfr %r2, %r2
done lrv
form strv
    strv %r3, 0(%r2)
done strv
form strvh
    strvh %r3, 0(%r2)
done strvh
form cs
    llgf %r0, 0(%r2)
    lr %r4, %r0
    cs %r4, %r3, 0(%r2)
    llgfr %r2, %r0
done cs
form cs_fails
    lghi %r4, 5
    cs %r4, %r3, 0(%r2)
    llgfr %r2, %r4
done cs_fails
form oi
    oi 0(%r2), 0x10
done oi
form ni
    ni 0(%r2), 0x3c
done ni
form xi
    xi 0(%r2), 0xff
done xi
form asi
    asi 0(%r2), 7
done asi
form stm_two
    lhi %r4, 0
    stm %r3, %r4, 0(%r2)
done stm_two
form lm_two
    lm %r4, %r5, 0(%r2)
    xr %r4, %r5
    llgfr %r2, %r4
done lm_two
form tm
    tm 0(%r2), 0x20
    lghi %r2, 1
    bnor %r14
    lghi %r2, 0
done tm
form condition
    chi %r3, 7                  /* equal: the store leaves the condition code alone */
    st %r3, 0(%r2)
    lghi %r2, 1
    ber %r14
    lghi %r2, 0
done condition
