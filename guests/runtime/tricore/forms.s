; Ways to access a device: form(address in d10, value in d11), the result in d10. d3 and d12 are free, d14 and d15 are kept.
    .section .text.forms
.Lwrong:                    ; the base register is not what it should be
    mov d10, #0
    mov.a a15, d1
    ji a15

    .globl form_ld_b
form_ld_b:
    mov.a a15, d10
    ld.b d10, [a15]0
    mov.a a15, d1
    ji a15

    .globl form_ld_bu
form_ld_bu:
    mov.a a15, d10
    ld.bu d10, [a15]0
    mov.a a15, d1
    ji a15

    .globl form_ld_h
form_ld_h:
    mov.a a15, d10
    ld.h d10, [a15]0
    mov.a a15, d1
    ji a15

    .globl form_ld_hu
form_ld_hu:
    mov.a a15, d10
    ld.hu d10, [a15]0
    mov.a a15, d1
    ji a15

    .globl form_ld_w
form_ld_w:
    mov.a a15, d10
    ld.w d10, [a15]0
    mov.a a15, d1
    ji a15

    .globl form_ld_w_long
form_ld_w_long:
    mov.a a15, d10
    lea a15, [a15]-0x4000
    ld.w d10, [a15]0x4000
    mov.a a15, d1
    ji a15

    .globl form_ld_w_post
form_ld_w_post:
    mov.a a15, d10
    mov16 d12, d10
    ld.w d10, [a15+]4
    lea a15, [a15]-4
    mov.d d3, a15
    jne d3, d12, .Lwrong
    mov.a a15, d1
    ji a15

    .globl form_ld_w_pre
form_ld_w_pre:
    mov.a a15, d10
    mov16 d12, d10
    lea a15, [a15]-4
    ld.w d10, [+a15]4
    mov.d d3, a15
    jne d3, d12, .Lwrong
    mov.a a15, d1
    ji a15

    .globl form_ld_bu_post
form_ld_bu_post:
    mov.a a15, d10
    mov16 d12, d10
    ld.bu d10, [a15+]1
    lea a15, [a15]-1
    mov.d d3, a15
    jne d3, d12, .Lwrong
    mov.a a15, d1
    ji a15

    .globl form_ld_a
form_ld_a:
    mov.a a15, d10
    ld.a a14, [a15]0
    mov.d d10, a14
    mov.a a15, d1
    ji a15

    .globl form_ld_a_same
form_ld_a_same:
    mov.a a15, d10
    ld.a a15, [a15]0
    mov.d d10, a15
    mov.a a15, d1
    ji a15

    .globl form_ld_q
form_ld_q:
    mov.a a15, d10
    ld.q d10, [a15]0
    mov.a a15, d1
    ji a15

    .globl form_ld_w_same
form_ld_w_same:
    mov.a a15, d10
    mov.a a15, d10
    ld.w d10, [a15]0
    mov.a a15, d1
    ji a15

    .globl form_st_b
form_st_b:
    mov.a a15, d10
    st.b [a15]0, d11
    mov.a a15, d1
    ji a15

    .globl form_st_h
form_st_h:
    mov.a a15, d10
    st.h [a15]0, d11
    mov.a a15, d1
    ji a15

    .globl form_st_w
form_st_w:
    mov.a a15, d10
    st.w [a15]0, d11
    mov.a a15, d1
    ji a15

    .globl form_st_w_long
form_st_w_long:
    mov.a a15, d10
    lea a15, [a15]-0x4000
    st.w [a15]0x4000, d11
    mov.a a15, d1
    ji a15

    .globl form_st_w_post
form_st_w_post:
    mov.a a15, d10
    st.w [a15+]4, d11
    mov.a a15, d1
    ji a15

    .globl form_st_w_pre
form_st_w_pre:
    mov.a a15, d10
    lea a15, [a15]-4
    st.w [+a15]4, d11
    mov.a a15, d1
    ji a15

    .globl form_st_a
form_st_a:
    mov.a a15, d10
    mov.a a14, d11
    st.a [a15]0, a14
    mov.a a15, d1
    ji a15

    .globl form_swap_w
form_swap_w:
    mov.a a15, d10
    mov16 d10, d11
    swap.w [a15]0, d10
    mov.a a15, d1
    ji a15

    .globl form_ldmst
form_ldmst:
    mov.a a15, d10
    mov.a a13, d14
    mov.a a14, d15
    mov.u d15, #0xff
    mov16 d14, d11
    ldmst [a15]0, e14
    mov.d d14, a13
    mov.d d15, a14
    mov.a a15, d1
    ji a15

    .globl form_cmpswap_w
form_cmpswap_w:
    mov.a a15, d10
    mov.a a13, d14
    mov.a a14, d15
    movh d15, #0x89ac
    addi d15, d15, #-0x3211
    mov16 d14, d11
    cmpswap.w [a15]0, e14
    mov16 d10, d14
    mov.d d14, a13
    mov.d d15, a14
    mov.a a15, d1
    ji a15

    .globl form_cmpswap_w_fails
form_cmpswap_w_fails:
    mov.a a15, d10
    mov.a a13, d14
    mov.a a14, d15
    mov d15, #1
    mov16 d14, d11
    cmpswap.w [a15]0, e14
    mov16 d10, d14
    mov.d d14, a13
    mov.d d15, a14
    mov.a a15, d1
    ji a15

    .globl form_swapmsk_w
form_swapmsk_w:
    mov.a a15, d10
    mov.a a13, d14
    mov.a a14, d15
    mov.u d15, #0xff
    mov16 d14, d11
    swapmsk.w [a15]0, e14
    mov16 d10, d14
    mov.d d14, a13
    mov.d d15, a14
    mov.a a15, d1
    ji a15

    .globl form_ld_d
form_ld_d:
    mov.a a15, d10
    mov.a a13, d14
    mov.a a14, d15
    ld.d e14, [a15]0
    mov16 d10, d14
    mov.d d14, a13
    mov.d d15, a14
    mov.a a15, d1
    ji a15

    .globl form_st_d
form_st_d:
    mov.a a15, d10
    mov.a a13, d14
    mov.a a14, d15
    mov16 d14, d11
    mov d15, #0
    st.d [a15]0, e14
    mov.d d14, a13
    mov.d d15, a14
    mov.a a15, d1
    ji a15

    .globl form_st_q
form_st_q:
    mov.a a15, d10
    st.q [a15]0, d11
    mov.a a15, d1
    ji a15

    .globl form_move
form_move:
    mov.a a15, d10
    ld.w d3, [a15]0
    st.w [a15]0, d3
    mov.a a15, d1
    ji a15
