# bash completion for actcli, made by: actcli completion bash

_actcli_parameters() { # the parameters of function $1
    case $1 in
    snake) echo 'a' ;;
    parametric_elu|pelu) echo 'a b' ;;
    celu|elu|isrlu|isru|jax.celu|jax.elu|keras.ELU|keras.celu|keras.elu|leaky_relu|leaky_relu2|leaky_relu_squared|lrelu|onnx.Celu|onnx.Elu|parametric_relu|prelu|quick_gelu|torch.CELU|torch.ELU|torch.celu|torch.elu) echo 'alpha' ;;
    hf.quick_gelu|onnx.HardSigmoid) echo 'alpha beta' ;;
    dynamic_tanh|dyt) echo 'alpha gamma beta' ;;
    swiglu_oai) echo 'alpha limit' ;;
    hf.leaky_relu|jax.leaky_relu|keras.LeakyReLU|keras.leaky_relu|onnx.LeakyRelu|torch.LeakyReLU|torch.leaky_relu) echo 'alpha negative_slope slope' ;;
    selu) echo 'alpha scale' ;;
    jax.selu|keras.selu|onnx.Selu|torch.SELU|torch.selu) echo 'alpha scale gamma lambda' ;;
    derf|dynamic_erf) echo 'alpha shift gamma beta' ;;
    hf.prelu|keras.PReLU|onnx.PRelu|torch.PReLU|torch.prelu) echo 'alpha weight slope init' ;;
    xielu) echo 'alpha_p alpha_n beta epsilon' ;;
    hf.xielu) echo 'alpha_p alpha_n beta epsilon eps' ;;
    jax.squareplus|keras.squareplus|squareplus) echo 'b' ;;
    silu|swish) echo 'beta' ;;
    hf.silu|hf.swish|jax.silu|jax.swish|keras.silu|keras.swish|onnx.Swish|torch.SiLU|torch.silu) echo 'beta alpha' ;;
    jax.softplus|keras.softplus|onnx.Softplus|softplus|torch.Softplus|torch.softplus) echo 'beta threshold' ;;
    logit_softcap|softcap|tanh_softcap) echo 'cap' ;;
    maxout) echo 'groups' ;;
    topk) echo 'k' ;;
    batch_topk) echo 'k width' ;;
    onnx.Shrink) echo 'lambd lambda bias' ;;
    hard_shrink|hardshrink|soft_shrink|softshrink) echo 'lambda' ;;
    keras.hard_shrink|keras.soft_shrink|torch.Hardshrink|torch.Softshrink|torch.hardshrink|torch.softshrink) echo 'lambda lambd lam threshold' ;;
    swiglu|swiglu_step) echo 'limit' ;;
    randomized_relu|rrelu|torch.RReLU|torch.rrelu) echo 'lower upper' ;;
    hard_tanh) echo 'min max' ;;
    jax.hard_tanh|keras.hard_tanh|onnx.Clip|torch.Hardtanh|torch.hardtanh) echo 'min min_val low max max_val high' ;;
    hf.laplace) echo 'mu loc sigma scale' ;;
    laplace) echo 'mu sigma' ;;
    keras.ReLU|keras.relu) echo 'negative_slope alpha max_value threshold' ;;
    acon_c) echo 'p1 p2 beta' ;;
    star_relu) echo 'scale bias' ;;
    keras.threshold|onnx.ThresholdedRelu|torch.Threshold|torch.threshold) echo 'theta threshold alpha value default_value' ;;
    fatrelu|jumprelu|threshold|thresholded_relu) echo 'theta value' ;;
    esac
}

_actcli_own() { # your own functions, where actcli has read their file as it is: names, or parameters of function $1
    local list=$XDG_CACHE_HOME file=$XDG_CONFIG_HOME name parameters
    [[ $list == /* ]] || list=$HOME/.cache
    [[ $file == /* ]] || file=$HOME/.config
    list=$list/actcli/functions file=$file/actcli/functions.toml
    if [[ ${ACTCLI_CONFIG+set} ]]; then
        file=$ACTCLI_CONFIG
        [[ -d $file ]] && file=${file%/}/functions.toml
        [[ $file == /* ]] || file=$PWD/$file
    fi
    [[ -f $list && -f $file && ! $list -nt $file && ! $file -nt $list ]] || return 0
    {
        IFS= read -r name && [[ $name == "# $file" ]] || return 0
        while read -r name parameters; do
            if [[ ! $1 ]]; then echo "$name"; elif [[ $name == "$1" ]]; then echo "$parameters"; fi
        done
    } <"$list"
}

_actcli_functions() { # the words that complete function $1
    case $1 in
    *:*)
        local before=${1%"${1##*[:,]}"} name
        for name in $(_actcli_parameters "${1%%:*}") $(_actcli_own "${1%%:*}"); do
            [[ $1 == *[:,]"$name="* ]] || echo "$before$name="
        done
        ;;
    *.*) echo 'hf.gelu hf.gelu_10 hf.gelu_accurate hf.gelu_fast hf.gelu_new hf.gelu_python hf.gelu_python_tanh hf.gelu_pytorch_tanh hf.hardswish hf.laplace hf.leaky_relu hf.linear hf.mish hf.prelu hf.quick_gelu hf.relu hf.relu2 hf.relu6 hf.sigmoid hf.silu hf.sqrtsoftplus hf.swish hf.tanh hf.xielu jax.arctan jax.celu jax.elu jax.erf jax.exp jax.expit jax.gelu jax.glu jax.hard_sigmoid jax.hard_silu jax.hard_swish jax.hard_tanh jax.identity jax.leaky_relu jax.log_sigmoid jax.log_softmax jax.logit jax.mish jax.relu jax.relu6 jax.selu jax.sigmoid jax.silu jax.sin jax.soft_sign jax.softmax jax.softplus jax.sparse_plus jax.sparse_sigmoid jax.squareplus jax.swish jax.tanh keras.ELU keras.LeakyReLU keras.PReLU keras.ReLU keras.Softmax keras.celu keras.elu keras.exponential keras.gelu keras.glu keras.hard_shrink keras.hard_sigmoid keras.hard_silu keras.hard_swish keras.hard_tanh keras.leaky_relu keras.linear keras.log_sigmoid keras.log_softmax keras.mish keras.relu keras.relu6 keras.selu keras.sigmoid keras.silu keras.soft_shrink keras.softmax keras.softplus keras.softsign keras.sparse_plus keras.sparse_sigmoid keras.sparsemax keras.squareplus keras.swish keras.tanh keras.tanh_shrink keras.threshold onnx.Atan onnx.Celu onnx.Clip onnx.Elu onnx.Erf onnx.Exp onnx.Gelu onnx.HardSigmoid onnx.HardSwish onnx.Hardmax onnx.Identity onnx.LeakyRelu onnx.LogSoftmax onnx.Mish onnx.PRelu onnx.Relu onnx.Selu onnx.Shrink onnx.Sigmoid onnx.Sin onnx.Softmax onnx.Softplus onnx.Softsign onnx.Swish onnx.Tanh onnx.ThresholdedRelu torch.CELU torch.ELU torch.GELU torch.GLU torch.Hardshrink torch.Hardsigmoid torch.Hardswish torch.Hardtanh torch.Identity torch.LeakyReLU torch.LogSigmoid torch.LogSoftmax torch.Mish torch.PReLU torch.RReLU torch.ReLU torch.ReLU6 torch.SELU torch.SiLU torch.Sigmoid torch.Softmax torch.Softmin torch.Softplus torch.Softshrink torch.Softsign torch.Tanh torch.Tanhshrink torch.Threshold torch.arctan torch.atan torch.celu torch.elu torch.erf torch.exp torch.expit torch.gelu torch.glu torch.hardshrink torch.hardsigmoid torch.hardswish torch.hardtanh torch.leaky_relu torch.log_softmax torch.logit torch.logsigmoid torch.mish torch.prelu torch.relu torch.relu6 torch.rrelu torch.selu torch.sigmoid torch.silu torch.sin torch.softmax torch.softmin torch.softplus torch.softshrink torch.softsign torch.tanh torch.tanhshrink torch.threshold' ;;
    *) echo 'acon_c arctan atan batch_topk celu clipped_gelu clipped_relu derf drelu dynamic_erf dynamic_tanh dyt elish elu entmax15 erf exp expit exponential fatrelu gaussian geglu gelu gelu_10 gelu_approximate gelu_new gelu_pytorch_tanh gelu_tanh glu golu h_sigmoid h_swish hard_elish hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh hardmax hardshrink heaviside identity isrlu isru jumprelu laplace leaky_relu leaky_relu2 leaky_relu_squared linear lisht log_sigmoid log_softmax logish logistic logit logit_softcap lrelu maxout mish parametric_elu parametric_relu pelu phish prelu quick_gelu randomized_relu reglu relu relu2 relu6 relu_squared rrelu screlu selu serf shifted_softplus sigmoid silu sin sine siren smish snake soft_shrink softcap softmax softmin softplus softshrink softsign sparse_plus sparse_sigmoid sparsemax sqrt_softplus squared_clipped_relu squared_relu squareplus ssp star_relu step swiglu swiglu_oai swiglu_step swish tanh tanh_shrink tanh_softcap tanhexp tanhshrink telu threshold thresholded_relu topk xielu hf. jax. keras. onnx. torch.' && _actcli_own ;;
    esac
}

_actcli_values() { # the values of option $2 of command $1; fails where they are files
    case "$1 $2" in
    plot\ --format) echo 'table plain csv tsv json jsonl markdown svg pdf eps png' ;;
    compare\ --bits) ;;
    compare\ --format) echo 'table plain csv tsv json jsonl markdown html junit svg pdf eps png' ;;
    deadcheck\ --dtype) echo 'bfloat16 float8_e4m3 float8_e5m2' ;;
    deadcheck\ --data) return 1 ;;
    deadcheck\ --against) ;;
    deadcheck\ --sort) ;;
    deadcheck\ --format) echo 'table plain csv tsv json jsonl markdown junit html' ;;
    list\ --framework) echo 'torch jax keras onnx hf' ;;
    info\ --dtype) echo 'float32 float64' ;;
    *\ --color) echo 'auto always never' ;;
    *\ --theme) echo 'auto light dark colorblind mono' ;;
    *\ --framework) echo 'pytorch torch jax keras tensorflow onnx' ;;
    *\ --functions) return 1 ;;
    *\ -i|*\ --input) return 1 ;;
    *\ --all) echo 'bfloat16 float16 float32 float64' ;;
    *\ --around) echo 'kinks zeros' ;;
    *\ --input-format) echo 'csv tsv json jsonl npy text' ;;
    *\ --decimal) echo '. ,' ;;
    *\ --dtype) echo 'bfloat16 float16 float32 float64 float8_e4m3 float8_e5m2' ;;
    *\ --on-error) echo 'stop nan skip' ;;
    *\ --format) echo 'table plain csv tsv json jsonl markdown' ;;
    *\ -o|*\ --output) return 1 ;;
    *\ --wrt) echo 'x a alpha alpha_n alpha_p b beta bias cap epsilon gamma groups k lambd lambda limit lower max max_value min mu negative_slope p1 p2 scale shift sigma theta threshold upper value width' ;;
    *\ --at-kink) echo 'default left right mean nan' ;;
    *\ --marker) echo 'braille block dot ascii' ;;
    *\ --legend) echo 'in out end none' ;;
    *\ --style) return 1 ;;
    *\ --by) echo 'properties values gradients training information precision speed convergence vanishing cost' ;;
    *\ --optimizer) echo 'sgd momentum rmsprop adam adamw' ;;
    *\ --schedule) echo 'constant cosine' ;;
    *\ --record) return 1 ;;
    *\ --against) return 1 ;;
    *\ --ulp) echo 'error steps' ;;
    *\ --recorded) echo 'post pre' ;;
    *\ --prune) return 1 ;;
    *\ --wakes) return 1 ;;
    *\ --save-state) return 1 ;;
    *\ --definition) echo 'sagemaker keras-contrib deepdiagnosis redo loss-of-plasticity saelens dictionary-learning density' ;;
    *\ --densities) return 1 ;;
    *\ --dead-units) return 1 ;;
    *\ --fail-on) echo 'unobserved newly-dead' ;;
    *\ --export) return 1 ;;
    *\ --export-data) return 1 ;;
    *\ --family) echo 'rectifier exponential gated sigmoid shrink wave row formula' ;;
    *\ --code) echo 'python torch jax tensorflow latex c triton' ;;
    esac
}

_actcli_options() { # the options of command $1
    case $1 in
    eval) echo '--set --framework --no-rewrite --functions -i --input --range --points --all --stride --around --array --column --input-format --decimal -z --null --axis --dtype --bits --on-error --format -o --output --with-x --append --digits --color --theme --threads --memory --debug -h --help' ;;
    grad) echo '--order --wrt --at-kink --jacobian --check --tolerance --set --framework --no-rewrite --functions -i --input --range --points --all --stride --around --array --column --input-format --decimal -z --null --axis --dtype --bits --on-error --format -o --output --with-x --append --digits --color --theme --threads --memory --debug -h --help' ;;
    plot) echo '--range --points --grad --order --wrt --overlay --sweep --log-y --symlog --width --height --marker --y-range --title --x-label --y-label --label --legend --columns --style --size --dpi -i --input --array --column --input-format --decimal --hist --format -o --output --set --framework --no-rewrite --functions --color --theme --threads --memory --debug -h --help' ;;
    compare) echo '--set --framework --no-rewrite --functions --by --sweep --seed -i --input --all --stride --around --array --column --input-format --decimal --range --points --order --depth --init --width --seeds --weight-std --bias-std --epochs --batch --lr --optimizer --warmup --schedule --data --target --decay --learn --splits --batch-norm --residual --record --bits --types --against --ulp --ftz --daz --ignore-zero-sign --regions --max-ulp --with --y-range --title --x-label --y-label --label --legend --columns --style --size --dpi --cluster --sort --best --plot --format -o --output --digits --color --theme --threads --memory --debug -h --help' ;;
    deadcheck) echo '--recorded --activation --unit-axis --dtype --column --input-format --decimal --mask --sparse --ignore-index --functions --data --random --seed --limit --batch --quick --prune --prove --wakes --save-state --start --against --timeline --follow --rare --confidence --definition --window --density-below --decades --experts --until --densities --dead-units --gamma --fail-above --layer --fail-on --stop-when-certain --plan --train --find-limit --born-dead --export --export-data --epochs --lr --optimizer --warmup --schedule --target --decay --learn --depth --width --splits --seeds --init --batch-norm --residual --record --size --dpi --sort --units --map --format -o --output --quiet --cluster --resume --color --theme --threads --memory --debug -h --help' ;;
    list) echo '--family --smooth --monotone --bounded --framework --own --functions --format -o --output --color --theme --threads --memory --debug -h --help' ;;
    info) echo '--cost --with --accuracy --code --module --dtype --order --format -o --output --set --framework --no-rewrite --functions --color --theme --threads --memory --debug -h --help' ;;
    save) echo '--set --bounds --note --force --functions --color --theme --threads --memory --debug -h --help' ;;
    remove) echo '--functions --color --theme --threads --memory --debug -h --help' ;;
    claims) echo '--color --theme --threads --memory --debug -h --help' ;;
    completion) echo '--color --theme --threads --memory --debug -h --help' ;;
    *) echo '--color --theme --threads --memory --debug -V --version -h --help' ;;
    esac
}

_actcli_arguments() { # the words that complete $3, argument $2 of command $1; fails where they are files
    case "$1 $2" in
    'eval '0) _actcli_functions "$3" ;;
    'eval '*) return 1 ;;
    'grad '0) _actcli_functions "$3" ;;
    'grad '*) return 1 ;;
    'plot '*) _actcli_functions "$3" ;;
    'compare '*) _actcli_functions "$3" ;;
    'deadcheck '*) return 1 ;;
    'list '0) _actcli_functions "$3" ;;
    'info '0) _actcli_functions "$3" ;;
    'save '0) return 1 ;;
    'save '1) return 1 ;;
    'remove '0) return 1 ;;
    'claims '0) return 1 ;;
    'completion '0) echo 'bash zsh fish' ;;
    esac
}

_actcli() {
    # bash splits words at : and =, so the words come from the line itself
    local line=${COMP_LINE:0:COMP_POINT} IFS=$' \t\n'
    local current=${line##*[[:space:]]}
    local -a words
    read -r -a words <<<"${line%"$current"}"

    local command='' option='' word values=0 place=0 only_arguments=''
    for word in "${words[@]:1}"; do
        if ((values > 0)); then
            values=$((values - 1))
            continue
        fi
        if [[ $only_arguments ]]; then
            place=$((place + 1))
            continue
        fi
        case "$command $word" in
        *\ --) only_arguments=yes ;;
        plot\ --format) values=1 option=$word ;;
        compare\ --bits) values=1 option=$word ;;
        compare\ --format) values=1 option=$word ;;
        deadcheck\ --dtype) values=1 option=$word ;;
        deadcheck\ --data) values=1 option=$word ;;
        deadcheck\ --against) values=1 option=$word ;;
        deadcheck\ --sort) values=0 option=$word ;;
        deadcheck\ --format) values=1 option=$word ;;
        list\ --framework) values=1 option=$word ;;
        info\ --dtype) values=1 option=$word ;;
        *\ --color) values=1 option=$word ;;
        *\ --theme) values=1 option=$word ;;
        *\ --threads) values=1 option=$word ;;
        *\ --memory) values=1 option=$word ;;
        *\ --set) values=1 option=$word ;;
        *\ --framework) values=1 option=$word ;;
        *\ --functions) values=1 option=$word ;;
        *\ -i|*\ --input) values=1 option=$word ;;
        *\ --range) values=2 option=$word ;;
        *\ --points) values=1 option=$word ;;
        *\ --all) values=1 option=$word ;;
        *\ --stride) values=1 option=$word ;;
        *\ --around) values=1 option=$word ;;
        *\ --array) values=1 option=$word ;;
        *\ --column) values=1 option=$word ;;
        *\ --input-format) values=1 option=$word ;;
        *\ --decimal) values=1 option=$word ;;
        *\ --axis) values=1 option=$word ;;
        *\ --dtype) values=1 option=$word ;;
        *\ --on-error) values=1 option=$word ;;
        *\ --format) values=1 option=$word ;;
        *\ -o|*\ --output) values=1 option=$word ;;
        *\ --digits) values=1 option=$word ;;
        *\ --order) values=1 option=$word ;;
        *\ --wrt) values=1 option=$word ;;
        *\ --at-kink) values=1 option=$word ;;
        *\ --tolerance) values=1 option=$word ;;
        *\ --sweep) values=1 option=$word ;;
        *\ --width) values=1 option=$word ;;
        *\ --height) values=1 option=$word ;;
        *\ --marker) values=1 option=$word ;;
        *\ --y-range) values=2 option=$word ;;
        *\ --title) values=1 option=$word ;;
        *\ --x-label) values=1 option=$word ;;
        *\ --y-label) values=1 option=$word ;;
        *\ --label) values=1 option=$word ;;
        *\ --legend) values=1 option=$word ;;
        *\ --columns) values=1 option=$word ;;
        *\ --style) values=1 option=$word ;;
        *\ --size) values=1 option=$word ;;
        *\ --dpi) values=1 option=$word ;;
        *\ --by) values=1 option=$word ;;
        *\ --seed) values=1 option=$word ;;
        *\ --depth) values=1 option=$word ;;
        *\ --init) values=1 option=$word ;;
        *\ --seeds) values=1 option=$word ;;
        *\ --weight-std) values=1 option=$word ;;
        *\ --bias-std) values=1 option=$word ;;
        *\ --epochs) values=1 option=$word ;;
        *\ --batch) values=1 option=$word ;;
        *\ --lr) values=1 option=$word ;;
        *\ --optimizer) values=1 option=$word ;;
        *\ --warmup) values=1 option=$word ;;
        *\ --schedule) values=1 option=$word ;;
        *\ --data) values=1 option=$word ;;
        *\ --target) values=1 option=$word ;;
        *\ --decay) values=1 option=$word ;;
        *\ --learn) values=1 option=$word ;;
        *\ --splits) values=1 option=$word ;;
        *\ --record) values=1 option=$word ;;
        *\ --types) values=1 option=$word ;;
        *\ --against) values=1 option=$word ;;
        *\ --ulp) values=1 option=$word ;;
        *\ --max-ulp) values=1 option=$word ;;
        *\ --with) values=1 option=$word ;;
        *\ --cluster) values=1 option=$word ;;
        *\ --sort) values=1 option=$word ;;
        *\ --best) values=1 option=$word ;;
        *\ --recorded) values=1 option=$word ;;
        *\ --activation) values=1 option=$word ;;
        *\ --unit-axis) values=1 option=$word ;;
        *\ --mask) values=1 option=$word ;;
        *\ --sparse) values=1 option=$word ;;
        *\ --ignore-index) values=1 option=$word ;;
        *\ --random) values=1 option=$word ;;
        *\ --limit) values=1 option=$word ;;
        *\ --prune) values=1 option=$word ;;
        *\ --prove) values=1 option=$word ;;
        *\ --wakes) values=1 option=$word ;;
        *\ --save-state) values=1 option=$word ;;
        *\ --start) values=1 option=$word ;;
        *\ --rare) values=1 option=$word ;;
        *\ --confidence) values=1 option=$word ;;
        *\ --definition) values=1 option=$word ;;
        *\ --window) values=1 option=$word ;;
        *\ --density-below) values=1 option=$word ;;
        *\ --until) values=1 option=$word ;;
        *\ --densities) values=1 option=$word ;;
        *\ --dead-units) values=1 option=$word ;;
        *\ --fail-above) values=1 option=$word ;;
        *\ --layer) values=1 option=$word ;;
        *\ --fail-on) values=1 option=$word ;;
        *\ --plan) values=1 option=$word ;;
        *\ --train) values=1 option=$word ;;
        *\ --export) values=1 option=$word ;;
        *\ --export-data) values=1 option=$word ;;
        *\ --resume) values=1 option=$word ;;
        *\ --family) values=1 option=$word ;;
        *\ --code) values=1 option=$word ;;
        *\ --bounds) values=1 option=$word ;;
        *\ --note) values=1 option=$word ;;
        *\ -[0-9.]*) place=$((place + 1)) ;;
        *\ -?*) ;;
        *) if [[ $command ]]; then place=$((place + 1)); else command=$word; fi ;;
        esac
    done

    local candidates='' before=''
    if ((values > 0)); then
        candidates=$(_actcli_values "$command" "$option") || { compopt -o default; return; }
    elif [[ $current == --*=* ]]; then
        before=${current%%=*}=
        candidates=$(_actcli_values "$command" "${current%%=*}") || { compopt -o default; return; }
    elif [[ $current == -* && ! $only_arguments ]]; then
        candidates=$(_actcli_options "$command")
    elif [[ ! $command ]]; then
        candidates='eval grad plot compare deadcheck list info save remove claims completion'
    else
        candidates=$(_actcli_arguments "$command" "$place" "$current") || { compopt -o default; return; }
    fi

    # readline's word begins after the last : or =
    local seen=''
    [[ $COMP_WORDBREAKS == *:* && $current == *:* ]] && seen=${current%"${current##*:}"}
    [[ $COMP_WORDBREAKS == *=* && ${current#"$seen"} == *=* ]] && seen=${current%"${current##*=}"}
    for word in $candidates; do
        word=$before$word
        [[ $word == "$current"* ]] || continue
        COMPREPLY+=("${word#"$seen"}")
        [[ $word == *[=.] ]] && compopt -o nospace
    done
} 2>/dev/null # bash 3 has no compopt

complete -F _actcli actcli
