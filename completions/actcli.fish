# fish completion for actcli, made by: actcli completion fish

function __actcli_parameters -a name
    switch $name
        case snake
            printf '%s\n' a
        case parametric_elu pelu
            printf '%s\n' a b
        case celu elu isrlu isru jax.celu jax.elu keras.ELU keras.celu keras.elu leaky_relu leaky_relu2 leaky_relu_squared lrelu onnx.Celu onnx.Elu parametric_relu prelu quick_gelu torch.CELU torch.ELU torch.celu torch.elu
            printf '%s\n' alpha
        case hf.quick_gelu onnx.HardSigmoid
            printf '%s\n' alpha beta
        case dynamic_tanh dyt
            printf '%s\n' alpha gamma beta
        case swiglu_oai
            printf '%s\n' alpha limit
        case hf.leaky_relu jax.leaky_relu keras.LeakyReLU keras.leaky_relu onnx.LeakyRelu torch.LeakyReLU torch.leaky_relu
            printf '%s\n' alpha negative_slope slope
        case selu
            printf '%s\n' alpha scale
        case jax.selu keras.selu onnx.Selu torch.SELU torch.selu
            printf '%s\n' alpha scale gamma lambda
        case derf dynamic_erf
            printf '%s\n' alpha shift gamma beta
        case hf.prelu keras.PReLU onnx.PRelu torch.PReLU torch.prelu
            printf '%s\n' alpha weight slope init
        case xielu
            printf '%s\n' alpha_p alpha_n beta epsilon
        case hf.xielu
            printf '%s\n' alpha_p alpha_n beta epsilon eps
        case jax.squareplus keras.squareplus squareplus
            printf '%s\n' b
        case silu swish
            printf '%s\n' beta
        case hf.silu hf.swish jax.silu jax.swish keras.silu keras.swish onnx.Swish torch.SiLU torch.silu
            printf '%s\n' beta alpha
        case jax.softplus keras.softplus onnx.Softplus softplus torch.Softplus torch.softplus
            printf '%s\n' beta threshold
        case logit_softcap softcap tanh_softcap
            printf '%s\n' cap
        case maxout
            printf '%s\n' groups
        case topk
            printf '%s\n' k
        case batch_topk
            printf '%s\n' k width
        case onnx.Shrink
            printf '%s\n' lambd lambda bias
        case hard_shrink hardshrink soft_shrink softshrink
            printf '%s\n' lambda
        case keras.hard_shrink keras.soft_shrink torch.Hardshrink torch.Softshrink torch.hardshrink torch.softshrink
            printf '%s\n' lambda lambd lam threshold
        case swiglu swiglu_step
            printf '%s\n' limit
        case randomized_relu rrelu torch.RReLU torch.rrelu
            printf '%s\n' lower upper
        case hard_tanh
            printf '%s\n' min max
        case jax.hard_tanh keras.hard_tanh onnx.Clip torch.Hardtanh torch.hardtanh
            printf '%s\n' min min_val low max max_val high
        case hf.laplace
            printf '%s\n' mu loc sigma scale
        case laplace
            printf '%s\n' mu sigma
        case keras.ReLU keras.relu
            printf '%s\n' negative_slope alpha max_value threshold
        case acon_c
            printf '%s\n' p1 p2 beta
        case star_relu
            printf '%s\n' scale bias
        case keras.threshold onnx.ThresholdedRelu torch.Threshold torch.threshold
            printf '%s\n' theta threshold alpha value default_value
        case fatrelu jumprelu threshold thresholded_relu
            printf '%s\n' theta value
    end
end

function __actcli_own -a name -d 'Your own functions, where actcli has read their file as it is'
    set -l list $HOME/.cache
    string match -q -- '/*' "$XDG_CACHE_HOME"; and set list $XDG_CACHE_HOME
    set list $list/actcli/functions
    set -l file $HOME/.config
    string match -q -- '/*' "$XDG_CONFIG_HOME"; and set file $XDG_CONFIG_HOME
    set file $file/actcli/functions.toml
    if set -q ACTCLI_CONFIG
        set file "$ACTCLI_CONFIG"
        test -d "$file"; and set file (string replace -r '/$' '' -- $file)/functions.toml
        string match -q -- '/*' "$file"; or set file $PWD/$file
    end
    test -f $list -a -f $file; or return 0
    test $list -nt $file -o $file -nt $list; and return 0
    begin
        read -l first
        test "$first" = "# $file"; or return 0
        while read -l -a words
            if test -z "$name"
                echo $words[1]
            else if test "$words[1]" = "$name"
                printf '%s\n' $words[2..-1]
            end
        end
    end <$list
end

function __actcli_functions
    set -l token (commandline -ct)
    if string match -q -- '*:*' $token
        set -l before (string match -r -- '^.*[:,]' $token)
        set -l function (string split -m 1 : -- $token)[1]
        for name in (__actcli_parameters $function) (__actcli_own $function)
            string match -qr -- "[:,]$name=" $token; or echo "$before$name="
        end
    else if string match -q -- '*.*' $token
        printf '%s\n' hf.gelu hf.gelu_10 hf.gelu_accurate hf.gelu_fast hf.gelu_new hf.gelu_python hf.gelu_python_tanh hf.gelu_pytorch_tanh hf.hardswish hf.laplace hf.leaky_relu hf.linear hf.mish hf.prelu hf.quick_gelu hf.relu hf.relu2 hf.relu6 hf.sigmoid hf.silu hf.sqrtsoftplus hf.swish hf.tanh hf.xielu jax.arctan jax.celu jax.elu jax.erf jax.exp jax.expit jax.gelu jax.glu jax.hard_sigmoid jax.hard_silu jax.hard_swish jax.hard_tanh jax.identity jax.leaky_relu jax.log_sigmoid jax.log_softmax jax.logit jax.mish jax.relu jax.relu6 jax.selu jax.sigmoid jax.silu jax.sin jax.soft_sign jax.softmax jax.softplus jax.sparse_plus jax.sparse_sigmoid jax.squareplus jax.swish jax.tanh keras.ELU keras.LeakyReLU keras.PReLU keras.ReLU keras.Softmax keras.celu keras.elu keras.exponential keras.gelu keras.glu keras.hard_shrink keras.hard_sigmoid keras.hard_silu keras.hard_swish keras.hard_tanh keras.leaky_relu keras.linear keras.log_sigmoid keras.log_softmax keras.mish keras.relu keras.relu6 keras.selu keras.sigmoid keras.silu keras.soft_shrink keras.softmax keras.softplus keras.softsign keras.sparse_plus keras.sparse_sigmoid keras.sparsemax keras.squareplus keras.swish keras.tanh keras.tanh_shrink keras.threshold onnx.Atan onnx.Celu onnx.Clip onnx.Elu onnx.Erf onnx.Exp onnx.Gelu onnx.HardSigmoid onnx.HardSwish onnx.Hardmax onnx.Identity onnx.LeakyRelu onnx.LogSoftmax onnx.Mish onnx.PRelu onnx.Relu onnx.Selu onnx.Shrink onnx.Sigmoid onnx.Sin onnx.Softmax onnx.Softplus onnx.Softsign onnx.Swish onnx.Tanh onnx.ThresholdedRelu torch.CELU torch.ELU torch.GELU torch.GLU torch.Hardshrink torch.Hardsigmoid torch.Hardswish torch.Hardtanh torch.Identity torch.LeakyReLU torch.LogSigmoid torch.LogSoftmax torch.Mish torch.PReLU torch.RReLU torch.ReLU torch.ReLU6 torch.SELU torch.SiLU torch.Sigmoid torch.Softmax torch.Softmin torch.Softplus torch.Softshrink torch.Softsign torch.Tanh torch.Tanhshrink torch.Threshold torch.arctan torch.atan torch.celu torch.elu torch.erf torch.exp torch.expit torch.gelu torch.glu torch.hardshrink torch.hardsigmoid torch.hardswish torch.hardtanh torch.leaky_relu torch.log_softmax torch.logit torch.logsigmoid torch.mish torch.prelu torch.relu torch.relu6 torch.rrelu torch.selu torch.sigmoid torch.silu torch.sin torch.softmax torch.softmin torch.softplus torch.softshrink torch.softsign torch.tanh torch.tanhshrink torch.threshold
    else
        printf '%s\n' acon_c arctan atan batch_topk celu clipped_gelu clipped_relu derf drelu dynamic_erf dynamic_tanh dyt elish elu entmax15 erf exp expit exponential fatrelu gaussian geglu gelu gelu_10 gelu_approximate gelu_new gelu_pytorch_tanh gelu_tanh glu golu h_sigmoid h_swish hard_elish hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh hardmax hardshrink heaviside identity isrlu isru jumprelu laplace leaky_relu leaky_relu2 leaky_relu_squared linear lisht log_sigmoid log_softmax logish logistic logit logit_softcap lrelu maxout mish parametric_elu parametric_relu pelu phish prelu quick_gelu randomized_relu reglu relu relu2 relu6 relu_squared rrelu screlu selu serf shifted_softplus sigmoid silu sin sine siren smish snake soft_shrink softcap softmax softmin softplus softshrink softsign sparse_plus sparse_sigmoid sparsemax sqrt_softplus squared_clipped_relu squared_relu squareplus ssp star_relu step swiglu swiglu_oai swiglu_step swish tanh tanh_shrink tanh_softcap tanhexp tanhshrink telu threshold thresholded_relu topk xielu hf. jax. keras. onnx. torch. (__actcli_own)
    end
end

function __actcli_at -d 'The command, and how many of its arguments stand before the cursor'
    set -l tokens (commandline -opc)
    set -l command
    set -l values 0
    set -l place 0
    set -l only_arguments
    for token in $tokens[2..-1]
        if test $values -gt 0
            set values (math $values - 1)
            continue
        end
        if set -q only_arguments[1]
            set place (math $place + 1)
            continue
        end
        switch "$command $token"
            case '* --'
                set only_arguments yes
            case 'plot --format'
                set values 1
            case 'compare --bits'
                set values 1
            case 'compare --format'
                set values 1
            case 'deadcheck --dtype'
                set values 1
            case 'deadcheck --data'
                set values 1
            case 'deadcheck --against'
                set values 1
            case 'deadcheck --sort'
                set values 0
            case 'deadcheck --format'
                set values 1
            case 'list --framework'
                set values 1
            case 'info --dtype'
                set values 1
            case '* --color'
                set values 1
            case '* --theme'
                set values 1
            case '* --threads'
                set values 1
            case '* --memory'
                set values 1
            case '* --set'
                set values 1
            case '* --framework'
                set values 1
            case '* --functions'
                set values 1
            case '* -i' '* --input'
                set values 1
            case '* --range'
                set values 2
            case '* --points'
                set values 1
            case '* --all'
                set values 1
            case '* --stride'
                set values 1
            case '* --around'
                set values 1
            case '* --array'
                set values 1
            case '* --column'
                set values 1
            case '* --input-format'
                set values 1
            case '* --decimal'
                set values 1
            case '* --axis'
                set values 1
            case '* --dtype'
                set values 1
            case '* --on-error'
                set values 1
            case '* --format'
                set values 1
            case '* -o' '* --output'
                set values 1
            case '* --digits'
                set values 1
            case '* --order'
                set values 1
            case '* --wrt'
                set values 1
            case '* --at-kink'
                set values 1
            case '* --tolerance'
                set values 1
            case '* --sweep'
                set values 1
            case '* --width'
                set values 1
            case '* --height'
                set values 1
            case '* --marker'
                set values 1
            case '* --y-range'
                set values 2
            case '* --title'
                set values 1
            case '* --x-label'
                set values 1
            case '* --y-label'
                set values 1
            case '* --label'
                set values 1
            case '* --legend'
                set values 1
            case '* --columns'
                set values 1
            case '* --style'
                set values 1
            case '* --size'
                set values 1
            case '* --dpi'
                set values 1
            case '* --by'
                set values 1
            case '* --seed'
                set values 1
            case '* --depth'
                set values 1
            case '* --init'
                set values 1
            case '* --seeds'
                set values 1
            case '* --weight-std'
                set values 1
            case '* --bias-std'
                set values 1
            case '* --epochs'
                set values 1
            case '* --batch'
                set values 1
            case '* --lr'
                set values 1
            case '* --optimizer'
                set values 1
            case '* --warmup'
                set values 1
            case '* --schedule'
                set values 1
            case '* --data'
                set values 1
            case '* --target'
                set values 1
            case '* --decay'
                set values 1
            case '* --learn'
                set values 1
            case '* --splits'
                set values 1
            case '* --record'
                set values 1
            case '* --types'
                set values 1
            case '* --against'
                set values 1
            case '* --ulp'
                set values 1
            case '* --max-ulp'
                set values 1
            case '* --with'
                set values 1
            case '* --cluster'
                set values 1
            case '* --sort'
                set values 1
            case '* --best'
                set values 1
            case '* --recorded'
                set values 1
            case '* --activation'
                set values 1
            case '* --unit-axis'
                set values 1
            case '* --mask'
                set values 1
            case '* --sparse'
                set values 1
            case '* --ignore-index'
                set values 1
            case '* --random'
                set values 1
            case '* --limit'
                set values 1
            case '* --prune'
                set values 1
            case '* --prove'
                set values 1
            case '* --wakes'
                set values 1
            case '* --save-state'
                set values 1
            case '* --start'
                set values 1
            case '* --rare'
                set values 1
            case '* --confidence'
                set values 1
            case '* --definition'
                set values 1
            case '* --window'
                set values 1
            case '* --density-below'
                set values 1
            case '* --until'
                set values 1
            case '* --densities'
                set values 1
            case '* --dead-units'
                set values 1
            case '* --fail-above'
                set values 1
            case '* --layer'
                set values 1
            case '* --fail-on'
                set values 1
            case '* --plan'
                set values 1
            case '* --train'
                set values 1
            case '* --export'
                set values 1
            case '* --export-data'
                set values 1
            case '* --resume'
                set values 1
            case '* --family'
                set values 1
            case '* --code'
                set values 1
            case '* --bounds'
                set values 1
            case '* --note'
                set values 1
            case '* -*'
                if string match -qr -- '^-[0-9.]' $token
                    set place (math $place + 1)
                end
            case '*'
                if set -q command[1]
                    set place (math $place + 1)
                else
                    set command $token
                end
        end
    end
    echo "$command "
    echo "$command $place"
end

function __actcli_is
    contains -- $argv[1] (__actcli_at)
end

function __actcli_after -a command first -d 'Whether the cursor stands at argument number first, or beyond'
    set -l at (string split ' ' -- (__actcli_at)[2])
    test "$at[1]" = $command; and test $at[2] -ge $first
end

complete -c actcli -f
complete -c actcli -n "__actcli_is ' '" -a eval -d 'Evaluate an activation function at numbers, a file or a stream'
complete -c actcli -n "__actcli_is ' '" -a grad -d 'Differentiate an activation function, by x or by a parameter'
complete -c actcli -n "__actcli_is ' '" -a plot -d 'Draw activation functions, their derivatives, and where data lie on them'
complete -c actcli -n "__actcli_is ' '" -a compare -d 'Compare activation functions by what matters: training, gradients, precision, speed'
complete -c actcli -n "__actcli_is ' '" -a deadcheck -d 'Find dead units in recorded activations or an ONNX model, with the evidence'
complete -c actcli -n "__actcli_is ' '" -a list -d 'List the activation functions, all or those that match'
complete -c actcli -n "__actcli_is ' '" -a info -d 'Show the card of an activation function'
complete -c actcli -n "__actcli_is ' '" -a save -d 'Keep a formula under a name of your own'
complete -c actcli -n "__actcli_is ' '" -a remove -d 'Remove a function of your own'
complete -c actcli -n "__actcli_is ' '" -a claims -d 'Show what people say about activation functions, and what was measured'
complete -c actcli -n "__actcli_is ' '" -a completion -d 'Print the completion script of a shell'
complete -c actcli -n "__actcli_is ' '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is ' '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is ' '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is ' '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is ' '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is ' '" -s V -l version -d 'Show the version'
complete -c actcli -n "__actcli_is ' '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'eval '" -l set -x -d 'Set a parameter of the function, as after a colon'
complete -c actcli -n "__actcli_is 'eval '" -l framework -x -a 'pytorch torch jax keras tensorflow onnx' -d 'Take names as those of pytorch, torch, jax, keras, tensorflow or onnx: gelu is torch.gelu'
complete -c actcli -n "__actcli_is 'eval '" -l no-rewrite -d 'Compute formulas exactly as typed, even where that loses digits: log(1+u) is not turned into log1p(u)'
complete -c actcli -n "__actcli_is 'eval '" -l functions -r -F -d 'Read functions of your own from FILE (TOML), in addition to ACTCLI_CONFIG or ~/.config/actcli/functions.toml'
complete -c actcli -n "__actcli_is 'eval '" -s i -l input -r -F -d 'Read numbers from FILE: .npy, .npz, .safetensors, .csv, .tsv, .json, .jsonl, .parquet, .arrow or text; packed by gzip, bzip2, xz or zstd too'
complete -c actcli -n "__actcli_is 'eval '" -l range -x -d 'Evenly spaced numbers from LO to HI, both included'
complete -c actcli -n "__actcli_is 'eval '" -l points -x -d 'Count of numbers in --range'
complete -c actcli -n "__actcli_is 'eval '" -l all -x -a 'bfloat16 float16 float32 float64' -d 'All numbers of a type, by their bit patterns: bfloat16, float16, float32 or float64'
complete -c actcli -n "__actcli_is 'eval '" -l stride -x -d 'Of --all every N-th bit pattern'
complete -c actcli -n "__actcli_is 'eval '" -l around -x -a 'kinks zeros' -d 'Of --all only the 64 numbers on either side of the function\'s kinks or zeros'
complete -c actcli -n "__actcli_is 'eval '" -l array -x -d 'Read one array of an .npz or .safetensors file, not all'
complete -c actcli -n "__actcli_is 'eval '" -l column -x -d 'Column of a table (.csv, .json, .parquet): its name, or its number from 1'
complete -c actcli -n "__actcli_is 'eval '" -l input-format -x -a 'csv tsv json jsonl npy text' -d 'Format of the input: csv, tsv, json, jsonl, npy or text'
complete -c actcli -n "__actcli_is 'eval '" -l decimal -x -a '. ,' -d 'Decimal sign of text, csv and tsv: a point or a comma'
complete -c actcli -n "__actcli_is 'eval '" -s z -l null -d 'Numbers in text end in NUL, and so do those of plain results'
complete -c actcli -n "__actcli_is 'eval '" -l axis -x -d 'For functions over rows: the axis of the array that holds a row'
complete -c actcli -n "__actcli_is 'eval '" -l dtype -x -a 'bfloat16 float16 float32 float64 float8_e4m3 float8_e5m2' -d 'Compute in bfloat16, float16, float32 or float64: x and the result are rounded to it once'
complete -c actcli -n "__actcli_is 'eval '" -l bits -d 'Write bit patterns, 0xbf80, and read them beside decimals; .npy of unsigned integers holds patterns'
complete -c actcli -n "__actcli_is 'eval '" -l on-error -x -a 'stop nan skip' -d 'At text that is not a number: stop, nan or skip'
complete -c actcli -n "__actcli_is 'eval '" -l format -x -a 'table plain csv tsv json jsonl markdown' -d 'table, plain, csv, tsv, json, jsonl or markdown'
complete -c actcli -n "__actcli_is 'eval '" -s o -l output -r -F -d 'Write to FILE: .npy, .npz, .safetensors, .parquet, .csv, .tsv, .json, .jsonl, .txt or .md'
complete -c actcli -n "__actcli_is 'eval '" -l with-x -d 'Show x beside each result'
complete -c actcli -n "__actcli_is 'eval '" -l append -d 'Write the table of the input as it came, with a column added for each function and --column'
complete -c actcli -n "__actcli_is 'eval '" -l digits -x -d 'Significant digits, 1 to 17, in a table, plain text, csv, tsv and markdown'
complete -c actcli -n "__actcli_is 'eval '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is 'eval '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is 'eval '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is 'eval '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is 'eval '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is 'eval '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'grad '" -l order -x -d 'Order of the derivative, 1 to 100; over rows 1 or 2'
complete -c actcli -n "__actcli_is 'grad '" -l wrt -x -a 'x a alpha alpha_n alpha_p b beta bias cap epsilon gamma groups k lambd lambda limit lower max max_value min mu negative_slope p1 p2 scale shift sigma theta threshold upper value width' -d 'Differentiate with respect to x, or to a parameter of the function (first order)'
complete -c actcli -n "__actcli_is 'grad '" -l at-kink -x -a 'default left right mean nan' -d 'Value where the derivative jumps: default, left, right, mean or nan'
complete -c actcli -n "__actcli_is 'grad '" -l jacobian -d 'Print the whole Jacobian of a function over rows, not its diagonal'
complete -c actcli -n "__actcli_is 'grad '" -l check -d 'Compare with extrapolated differences of the value; without X on a built-in grid'
complete -c actcli -n "__actcli_is 'grad '" -l tolerance -x -d 'Largest relative error that --check accepts'
complete -c actcli -n "__actcli_is 'grad '" -l set -x -d 'Set a parameter of the function, as after a colon'
complete -c actcli -n "__actcli_is 'grad '" -l framework -x -a 'pytorch torch jax keras tensorflow onnx' -d 'Take names as those of pytorch, torch, jax, keras, tensorflow or onnx: gelu is torch.gelu'
complete -c actcli -n "__actcli_is 'grad '" -l no-rewrite -d 'Compute formulas exactly as typed, even where that loses digits: log(1+u) is not turned into log1p(u)'
complete -c actcli -n "__actcli_is 'grad '" -l functions -r -F -d 'Read functions of your own from FILE (TOML), in addition to ACTCLI_CONFIG or ~/.config/actcli/functions.toml'
complete -c actcli -n "__actcli_is 'grad '" -s i -l input -r -F -d 'Read numbers from FILE: .npy, .npz, .safetensors, .csv, .tsv, .json, .jsonl, .parquet, .arrow or text; packed by gzip, bzip2, xz or zstd too'
complete -c actcli -n "__actcli_is 'grad '" -l range -x -d 'Evenly spaced numbers from LO to HI, both included'
complete -c actcli -n "__actcli_is 'grad '" -l points -x -d 'Count of numbers in --range'
complete -c actcli -n "__actcli_is 'grad '" -l all -x -a 'bfloat16 float16 float32 float64' -d 'All numbers of a type, by their bit patterns: bfloat16, float16, float32 or float64'
complete -c actcli -n "__actcli_is 'grad '" -l stride -x -d 'Of --all every N-th bit pattern'
complete -c actcli -n "__actcli_is 'grad '" -l around -x -a 'kinks zeros' -d 'Of --all only the 64 numbers on either side of the function\'s kinks or zeros'
complete -c actcli -n "__actcli_is 'grad '" -l array -x -d 'Read one array of an .npz or .safetensors file, not all'
complete -c actcli -n "__actcli_is 'grad '" -l column -x -d 'Column of a table (.csv, .json, .parquet): its name, or its number from 1'
complete -c actcli -n "__actcli_is 'grad '" -l input-format -x -a 'csv tsv json jsonl npy text' -d 'Format of the input: csv, tsv, json, jsonl, npy or text'
complete -c actcli -n "__actcli_is 'grad '" -l decimal -x -a '. ,' -d 'Decimal sign of text, csv and tsv: a point or a comma'
complete -c actcli -n "__actcli_is 'grad '" -s z -l null -d 'Numbers in text end in NUL, and so do those of plain results'
complete -c actcli -n "__actcli_is 'grad '" -l axis -x -d 'For functions over rows: the axis of the array that holds a row'
complete -c actcli -n "__actcli_is 'grad '" -l dtype -x -a 'bfloat16 float16 float32 float64 float8_e4m3 float8_e5m2' -d 'Compute in bfloat16, float16, float32 or float64: x and the result are rounded to it once'
complete -c actcli -n "__actcli_is 'grad '" -l bits -d 'Write bit patterns, 0xbf80, and read them beside decimals; .npy of unsigned integers holds patterns'
complete -c actcli -n "__actcli_is 'grad '" -l on-error -x -a 'stop nan skip' -d 'At text that is not a number: stop, nan or skip'
complete -c actcli -n "__actcli_is 'grad '" -l format -x -a 'table plain csv tsv json jsonl markdown' -d 'table, plain, csv, tsv, json, jsonl or markdown'
complete -c actcli -n "__actcli_is 'grad '" -s o -l output -r -F -d 'Write to FILE: .npy, .npz, .safetensors, .parquet, .csv, .tsv, .json, .jsonl, .txt or .md'
complete -c actcli -n "__actcli_is 'grad '" -l with-x -d 'Show x beside each result'
complete -c actcli -n "__actcli_is 'grad '" -l append -d 'Write the table of the input as it came, with a column added for each function and --column'
complete -c actcli -n "__actcli_is 'grad '" -l digits -x -d 'Significant digits, 1 to 17, in a table, plain text, csv, tsv and markdown'
complete -c actcli -n "__actcli_is 'grad '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is 'grad '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is 'grad '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is 'grad '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is 'grad '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is 'grad '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'plot '" -l range -x -d 'Part of the x axis'
complete -c actcli -n "__actcli_is 'plot '" -l points -x -d 'Samples of each curve'
complete -c actcli -n "__actcli_is 'plot '" -l grad -d 'Draw the derivative below'
complete -c actcli -n "__actcli_is 'plot '" -l order -x -d 'Draw the derivatives up to order N, 1 to 100, each in a frame below'
complete -c actcli -n "__actcli_is 'plot '" -l wrt -x -a 'x a alpha alpha_n alpha_p b beta bias cap epsilon gamma groups k lambd lambda limit lower max max_value min mu negative_slope p1 p2 scale shift sigma theta threshold upper value width' -d 'Draw the derivative with respect to x or to a parameter below'
complete -c actcli -n "__actcli_is 'plot '" -l overlay -d 'Draw the derivatives in the frame of f'
complete -c actcli -n "__actcli_is 'plot '" -l sweep -x -d 'One curve for each value: alpha=0.01,0.1,0.3, beta=0.5:4:8 (LO:HI:COUNT), beta=0.1:10:5:log'
complete -c actcli -n "__actcli_is 'plot '" -l log-y -d 'Logarithmic y axis'
complete -c actcli -n "__actcli_is 'plot '" -l symlog -d 'Y axis that is logarithmic to both sides, and linear around 0'
complete -c actcli -n "__actcli_is 'plot '" -l width -x -d 'Columns'
complete -c actcli -n "__actcli_is 'plot '" -l height -x -d 'Lines'
complete -c actcli -n "__actcli_is 'plot '" -l marker -x -a 'braille block dot ascii' -d 'braille, block, dot or ascii; ascii draws the frame in ASCII too'
complete -c actcli -n "__actcli_is 'plot '" -l y-range -x -d 'Part of the y axis of every panel'
complete -c actcli -n "__actcli_is 'plot '" -l title -x -d 'Text above the chart'
complete -c actcli -n "__actcli_is 'plot '" -l x-label -x -d 'Name of the x axis'
complete -c actcli -n "__actcli_is 'plot '" -l y-label -x -d 'Name of a panel\'s y axis'
complete -c actcli -n "__actcli_is 'plot '" -l label -x -d 'Text for the curve of this function: relu=\'$\\max(0, x)$\' (mathtext)'
complete -c actcli -n "__actcli_is 'plot '" -l legend -x -a 'in out end none' -d 'Where curves are named, in, out, end or none: within the axes, below, at the curves\' ends, nowhere'
complete -c actcli -n "__actcli_is 'plot '" -l columns -x -d 'Panels side by side'
complete -c actcli -n "__actcli_is 'plot '" -l style -r -F -d 'A style file of matplotlib\'s'
complete -c actcli -n "__actcli_is 'plot '" -l size -x -d 'column (3.5 in wide), page (7.2 in), slide (10 x 5.6 in) or WxH: 9x6cm, 90x60mm, 3.5x2.4in'
complete -c actcli -n "__actcli_is 'plot '" -l dpi -x -d 'Pixels per inch of a .png'
complete -c actcli -n "__actcli_is 'plot '" -s i -l input -r -F -d 'Mark the numbers of FILE on the curves: .npy, .npz, .safetensors, .csv, .tsv, .json, .jsonl, or text'
complete -c actcli -n "__actcli_is 'plot '" -l array -x -d 'Read one array of an .npz or .safetensors file, not all'
complete -c actcli -n "__actcli_is 'plot '" -l column -x -d 'Column of a table (.csv, .json, .parquet): its name, or its number from 1'
complete -c actcli -n "__actcli_is 'plot '" -l input-format -x -a 'csv tsv json jsonl npy text' -d 'Format of the input: csv, tsv, json, jsonl, npy or text'
complete -c actcli -n "__actcli_is 'plot '" -l decimal -x -a '. ,' -d 'Decimal sign of text, csv and tsv: a point or a comma'
complete -c actcli -n "__actcli_is 'plot '" -l hist -d 'Draw the numbers of -i as a histogram below, not as points on the curves'
complete -c actcli -n "__actcli_is 'plot '" -l format -x -a 'table plain csv tsv json jsonl markdown svg pdf eps png' -d 'Write the series instead of a chart: csv, tsv, json or jsonl; or a picture, as for -o'
complete -c actcli -n "__actcli_is 'plot '" -s o -l output -r -F -d 'Write to FILE: .txt or .html; .svg, .pdf, .eps or .png (with matplotlib); .csv, .tsv, .json, .jsonl'
complete -c actcli -n "__actcli_is 'plot '" -l set -x -d 'Set a parameter of the function, as after a colon'
complete -c actcli -n "__actcli_is 'plot '" -l framework -x -a 'pytorch torch jax keras tensorflow onnx' -d 'Take names as those of pytorch, torch, jax, keras, tensorflow or onnx: gelu is torch.gelu'
complete -c actcli -n "__actcli_is 'plot '" -l no-rewrite -d 'Compute formulas exactly as typed, even where that loses digits: log(1+u) is not turned into log1p(u)'
complete -c actcli -n "__actcli_is 'plot '" -l functions -r -F -d 'Read functions of your own from FILE (TOML), in addition to ACTCLI_CONFIG or ~/.config/actcli/functions.toml'
complete -c actcli -n "__actcli_is 'plot '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is 'plot '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is 'plot '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is 'plot '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is 'plot '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is 'plot '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'compare '" -l set -x -d 'Set a parameter of the function, as after a colon'
complete -c actcli -n "__actcli_is 'compare '" -l framework -x -a 'pytorch torch jax keras tensorflow onnx' -d 'Take names as those of pytorch, torch, jax, keras, tensorflow or onnx: gelu is torch.gelu'
complete -c actcli -n "__actcli_is 'compare '" -l no-rewrite -d 'Compute formulas exactly as typed, even where that loses digits: log(1+u) is not turned into log1p(u)'
complete -c actcli -n "__actcli_is 'compare '" -l functions -r -F -d 'Read functions of your own from FILE (TOML), in addition to ACTCLI_CONFIG or ~/.config/actcli/functions.toml'
complete -c actcli -n "__actcli_is 'compare '" -l by -x -a 'properties values gradients training information precision speed convergence vanishing cost' -d 'properties, values, gradients, training, information, precision or speed; convergence, vanishing and cost are understood'
complete -c actcli -n "__actcli_is 'compare '" -l sweep -x -d 'One contender for each value: alpha=0.01,0.1,0.3, beta=0.5:4:8 (LO:HI:COUNT), beta=0.1:10:5:log'
complete -c actcli -n "__actcli_is 'compare '" -l seed -x -d 'Seed of the random numbers (by gradients, training, speed)'
complete -c actcli -n "__actcli_is 'compare '" -s i -l input -r -F -d 'Compare at the numbers of FILE: .npy, .npz, .safetensors, .csv, .tsv, or text'
complete -c actcli -n "__actcli_is 'compare '" -l all -x -a 'bfloat16 float16 float32 float64' -d 'All numbers of a type, by their bit patterns: bfloat16, float16, float32 or float64'
complete -c actcli -n "__actcli_is 'compare '" -l stride -x -d 'Of --all every N-th bit pattern'
complete -c actcli -n "__actcli_is 'compare '" -l around -x -a 'kinks zeros' -d 'Of --all only the 64 numbers on either side of the function\'s kinks or zeros'
complete -c actcli -n "__actcli_is 'compare '" -l array -x -d 'Read one array of an .npz or .safetensors file, not all'
complete -c actcli -n "__actcli_is 'compare '" -l column -x -d 'Column of a table (.csv, .json, .parquet): its name, or its number from 1'
complete -c actcli -n "__actcli_is 'compare '" -l input-format -x -a 'csv tsv json jsonl npy text' -d 'Format of the input: csv, tsv, json, jsonl, npy or text'
complete -c actcli -n "__actcli_is 'compare '" -l decimal -x -a '. ,' -d 'Decimal sign of text, csv and tsv: a point or a comma'
complete -c actcli -n "__actcli_is 'compare '" -l range -x -d 'By values: evenly spaced numbers from LO to HI'
complete -c actcli -n "__actcli_is 'compare '" -l points -x -d 'By values: count of numbers in the range'
complete -c actcli -n "__actcli_is 'compare '" -l order -x -d 'Compare a derivative instead of f: by values 1 to 100, by precision 1 or 2'
complete -c actcli -n "__actcli_is 'compare '" -l depth -x -d 'Hidden layers; by training several depths with commas'
complete -c actcli -n "__actcli_is 'compare '" -l init -x -d 'usual (what is customary for each function: xavier for tanh, he for relu), he, xavier, lecun or gain (each function\'s own); by gradients several with commas, by training also orthogonal'
complete -c actcli -n "__actcli_is 'compare '" -l width -x -d 'Units per layer'
complete -c actcli -n "__actcli_is 'compare '" -l seeds -x -d 'Random networks of each kind'
complete -c actcli -n "__actcli_is 'compare '" -l weight-std -x -d 'Draw weights of standard deviation S/sqrt(fan_in), instead of --init'
complete -c actcli -n "__actcli_is 'compare '" -l bias-std -x -d 'Standard deviation of the biases'
complete -c actcli -n "__actcli_is 'compare '" -l epochs -x -d 'Passes over the training set'
complete -c actcli -n "__actcli_is 'compare '" -l batch -x -d 'Samples per step'
complete -c actcli -n "__actcli_is 'compare '" -l lr -x -d 'Learning rates, with commas, each tried by itself; or auto: the best of ten for each function, chosen without the test set'
complete -c actcli -n "__actcli_is 'compare '" -l optimizer -x -a 'sgd momentum rmsprop adam adamw' -d 'sgd, momentum, rmsprop, adam or adamw'
complete -c actcli -n "__actcli_is 'compare '" -l warmup -x -d 'Epochs, or parts of one, over which the learning rate rises from 0 to its value'
complete -c actcli -n "__actcli_is 'compare '" -l schedule -x -a 'constant cosine' -d 'The learning rate after the warm-up: constant or cosine (falls to 0)'
complete -c actcli -n "__actcli_is 'compare '" -l data -x -d 'digits, moons, spirals or xor; an .npz or .safetensors file with X and y; a table with --target'
complete -c actcli -n "__actcli_is 'compare '" -l target -x -d 'Column of the table to predict from the others: its name, or its number from 1'
complete -c actcli -n "__actcli_is 'compare '" -l decay -x -d 'L2 penalty: D times each weight is added to its gradient; adamw shrinks the weights instead'
complete -c actcli -n "__actcli_is 'compare '" -l learn -x -d 'Parameters of the functions to train with the weights, with commas: beta'
complete -c actcli -n "__actcli_is 'compare '" -l splits -x -d 'Ways to split the data for training and testing, each with --seeds networks; intervals cover both'
complete -c actcli -n "__actcli_is 'compare '" -l batch-norm -d 'Normalise preactivations over each batch, with trained gains'
complete -c actcli -n "__actcli_is 'compare '" -l residual -d 'Add a skip connection around each hidden layer but the first'
complete -c actcli -n "__actcli_is 'compare '" -l record -r -F -d 'Write the numbers of every epoch of every network: .csv or .jsonl'
complete -c actcli -n "__actcli_is 'compare '" -l bits -x -d 'Distinguish 2^N levels of the output'
complete -c actcli -n "__actcli_is 'compare '" -l types -x -d 'float32, float16, bfloat16, float8_e4m3, float8_e5m2, with commas; with --against the one whose ULP counts'
complete -c actcli -n "__actcli_is 'compare '" -l against -r -F -d 'Measure the ULP error of results in FILE, computed elsewhere at the numbers of -i or --all'
complete -c actcli -n "__actcli_is 'compare '" -l ulp -x -a 'error steps' -d 'What is counted: the error in units of the last place of the exact result, or steps from one number of the type to the next: error or steps'
complete -c actcli -n "__actcli_is 'compare '" -l ftz -d 'Let a zero pass where the exact result is below the normal numbers'
complete -c actcli -n "__actcli_is 'compare '" -l daz -d 'Where x is subnormal, let the result for 0 pass'
complete -c actcli -n "__actcli_is 'compare '" -l ignore-zero-sign -d 'Let a zero of the other sign pass'
complete -c actcli -n "__actcli_is 'compare '" -l regions -d 'Show the errors by the size and sign of x'
complete -c actcli -n "__actcli_is 'compare '" -l max-ulp -x -d 'Exit with 3 when a result of --against is off by more, or is a zero of the other sign'
complete -c actcli -n "__actcli_is 'compare '" -l with -x -d 'By speed: also time torch, jax, with commas, where they are installed'
complete -c actcli -n "__actcli_is 'compare '" -l y-range -x -d 'Part of the y axis of every panel'
complete -c actcli -n "__actcli_is 'compare '" -l title -x -d 'Text above the chart'
complete -c actcli -n "__actcli_is 'compare '" -l x-label -x -d 'Name of the x axis'
complete -c actcli -n "__actcli_is 'compare '" -l y-label -x -d 'Name of a panel\'s y axis'
complete -c actcli -n "__actcli_is 'compare '" -l label -x -d 'Text for the curve of this function: relu=\'$\\max(0, x)$\' (mathtext)'
complete -c actcli -n "__actcli_is 'compare '" -l legend -x -a 'in out end none' -d 'Where curves are named, in, out, end or none: within the axes, below, at the curves\' ends, nowhere'
complete -c actcli -n "__actcli_is 'compare '" -l columns -x -d 'Panels side by side'
complete -c actcli -n "__actcli_is 'compare '" -l style -r -F -d 'A style file of matplotlib\'s'
complete -c actcli -n "__actcli_is 'compare '" -l size -x -d 'column (3.5 in wide), page (7.2 in), slide (10 x 5.6 in) or WxH: 9x6cm, 90x60mm, 3.5x2.4in'
complete -c actcli -n "__actcli_is 'compare '" -l dpi -x -d 'Pixels per inch of a .png'
complete -c actcli -n "__actcli_is 'compare '" -l cluster -x -d 'Share the work with a Dask cluster: the scheduler\'s address, such as tcp://host:8786, or local:N for N processes on this machine'
complete -c actcli -n "__actcli_is 'compare '" -l sort -x -d 'Order by a column, as JSON and TSV name it, the best first'
complete -c actcli -n "__actcli_is 'compare '" -l best -x -d 'Print only the function that is best in a column'
complete -c actcli -n "__actcli_is 'compare '" -l plot -d 'Draw a chart below the table; with -o FILE only the chart: .txt, .svg, .pdf, .eps or .png'
complete -c actcli -n "__actcli_is 'compare '" -l format -x -a 'table plain csv tsv json jsonl markdown html junit svg pdf eps png' -d 'table, plain, csv, tsv, json, jsonl or markdown; html; junit of --against; svg, pdf, eps or png of --plot'
complete -c actcli -n "__actcli_is 'compare '" -s o -l output -r -F -d 'Write to FILE: .html, a page with the tables and the chart; .csv, .tsv, .json, .jsonl, .txt, .md, or .xml for junit'
complete -c actcli -n "__actcli_is 'compare '" -l digits -x -d 'Significant digits in a table, 1 to 17'
complete -c actcli -n "__actcli_is 'compare '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is 'compare '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is 'compare '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is 'compare '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is 'compare '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is 'compare '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'deadcheck '" -l recorded -x -a 'post pre' -d 'post: the outputs of the activation were recorded; pre: its inputs'
complete -c actcli -n "__actcli_is 'deadcheck '" -l activation -x -d 'Activation of all layers, or of those that match LAYER (a name, or a pattern with * ? [])'
complete -c actcli -n "__actcli_is 'deadcheck '" -l unit-axis -x -d 'Axis of the units: N for layers whose shape does not tell, LAYER=N for those that match LAYER, or MODEL.onnx for those named like its layers'
complete -c actcli -n "__actcli_is 'deadcheck '" -l dtype -x -a 'bfloat16 float8_e4m3 float8_e5m2' -d 'What .npy files hold where they say void: bfloat16, float8_e4m3 or float8_e5m2'
complete -c actcli -n "__actcli_is 'deadcheck '" -l column -x -d 'Column of a table (.csv, .json, .parquet): its name, or its number from 1'
complete -c actcli -n "__actcli_is 'deadcheck '" -l input-format -x -a 'csv tsv json jsonl npy text' -d 'Format of the input: csv, tsv, json, jsonl, npy or text'
complete -c actcli -n "__actcli_is 'deadcheck '" -l decimal -x -a '. ,' -d 'Decimal sign of text, csv and tsv: a point or a comma'
complete -c actcli -n "__actcli_is 'deadcheck '" -l mask -x -d 'Positions that count, 1 or true, and padding, 0 or false: a file of (samples, positions), an array NAME beside the layers, or the input NAME of a model'
complete -c actcli -n "__actcli_is 'deadcheck '" -l sparse -x -d 'The arrays hold indices of units, not their values: indices=NAME,values=NAME,units=N (values may be left out), or locations=NAME,values=NAME,units=N,samples=N'
complete -c actcli -n "__actcli_is 'deadcheck '" -l ignore-index -x -d 'With --sparse: the index that stands for no unit, as a filler'
complete -c actcli -n "__actcli_is 'deadcheck '" -l functions -r -F -d 'Read functions of your own from FILE (TOML), in addition to ACTCLI_CONFIG or ~/.config/actcli/functions.toml'
complete -c actcli -n "__actcli_is 'deadcheck '" -l data -r -F -d 'Inputs of the model: .npy, or .npz or .safetensors with one array per input; a pattern for shards, - for standard input'
complete -c actcli -n "__actcli_is 'deadcheck '" -l random -x -d 'Feed N samples of noise: a trial run, not a verdict about real data'
complete -c actcli -n "__actcli_is 'deadcheck '" -l seed -x -d 'Seed of the noise of --random; with --train of the weights, the batches and the split of the data; with --born-dead of the draws'
complete -c actcli -n "__actcli_is 'deadcheck '" -l limit -x -d 'Read only the first N samples of --data'
complete -c actcli -n "__actcli_is 'deadcheck '" -l batch -x -d 'Samples per run of the model; with --train, samples per step'
complete -c actcli -n "__actcli_is 'deadcheck '" -l quick -d 'Count the zeros of a model\'s layers, their sparsity, on the first 8 of every 128 samples'
complete -c actcli -n "__actcli_is 'deadcheck '" -l prune -r -F -d 'Write the model without its dead units to FILE (.onnx), where the samples of --data suffice to call them dead'
complete -c actcli -n "__actcli_is 'deadcheck '" -l prove -x -d 'Prove which units cannot fire on any input in BOX: LO:HI for all numbers of all inputs, data for the smallest box around --data, or an .npz with NAME.lower and NAME.upper for each input'
complete -c actcli -n "__actcli_is 'deadcheck '" -l wakes -r -F -d 'Write the inputs that wake units which are dead in --data and not proved so to FILE (.npz)'
complete -c actcli -n "__actcli_is 'deadcheck '" -l save-state -r -F -d 'Write the statistics to FILE (.npz)'
complete -c actcli -n "__actcli_is 'deadcheck '" -l start -x -d 'Number, from 0, of the first sample here in the whole data'
complete -c actcli -n "__actcli_is 'deadcheck '" -l against -x -d 'Compare with an earlier statistics file, or the last epoch of a timeline: newly dead, revived, still dead'
complete -c actcli -n "__actcli_is 'deadcheck '" -l timeline -d 'Take the statistics files as the epochs of one run, in this order, and show when units died'
complete -c actcli -n "__actcli_is 'deadcheck '" -l follow -d 'Show a timeline as it grows, until Ctrl-C: a file that another program replaces, or - for a stream of .npy arrays or statistics files, each an epoch'
complete -c actcli -n "__actcli_is 'deadcheck '" -l rare -x -d 'A unit that fires on a smaller share of the samples is rare'
complete -c actcli -n "__actcli_is 'deadcheck '" -l confidence -x -d 'Confidence of the bounds'
complete -c actcli -n "__actcli_is 'deadcheck '" -l definition -x -a 'sagemaker keras-contrib deepdiagnosis redo loss-of-plasticity saelens dictionary-learning density' -d 'Judge as another tool or paper does: sagemaker, keras-contrib, deepdiagnosis, redo, loss-of-plasticity, saelens, dictionary-learning or density'
complete -c actcli -n "__actcli_is 'deadcheck '" -l window -x -d 'Also flag units that have not fired in the last N samples (10M)'
complete -c actcli -n "__actcli_is 'deadcheck '" -l density-below -x -d 'With --definition density: flag units that fire on less than this share of the samples (1e-6)'
complete -c actcli -n "__actcli_is 'deadcheck '" -l decades -d 'Show how many units fire on which share of the samples by powers of ten; --sparse does so anyway'
complete -c actcli -n "__actcli_is 'deadcheck '" -l experts -d 'Show how evenly the units of each layer are used, as the experts of a router'
complete -c actcli -n "__actcli_is 'deadcheck '" -l until -x -d 'With --experts: the samples that it takes until every unit has fired K times'
complete -c actcli -n "__actcli_is 'deadcheck '" -l densities -r -F -d 'Write the share of samples on which each unit fires, with its bound: .csv, .tsv, .json, or the shares alone as .npy (one layer) or .npz'
complete -c actcli -n "__actcli_is 'deadcheck '" -l dead-units -r -F -d 'Write the numbers of the dead units, or of those that --definition or --window flags, to resurrect them: .npy (one layer) or .npz'
complete -c actcli -n "__actcli_is 'deadcheck '" -l gamma -d 'Before a sparse autoencoder is trained on these activations: print gamma, the length of their mean over that of their deviation, and which layers to centre'
complete -c actcli -n "__actcli_is 'deadcheck '" -l fail-above -x -d 'Exit with 3 if more than this share of the units is dead (5% or 0.05) or any gives NaN or inf, with 4 if there are too few samples to tell'
complete -c actcli -n "__actcli_is 'deadcheck '" -l layer -x -d 'Apply --fail-above to each layer that matches, not to all units together'
complete -c actcli -n "__actcli_is 'deadcheck '" -l fail-on -x -a 'unobserved newly-dead' -d 'unobserved: exit with 3 if anything in the model that looks like an activation was not judged'
complete -c actcli -n "__actcli_is 'deadcheck '" -l stop-when-certain -d 'Stop reading as soon as the samples suffice for the verdict'
complete -c actcli -n "__actcli_is 'deadcheck '" -l plan -x -d 'Print how many samples a verdict about UNITS units needs; without a source'
complete -c actcli -n "__actcli_is 'deadcheck '" -l train -x -d 'Train networks with this activation, or relu/relu/tanh layer by layer, and watch their units die'
complete -c actcli -n "__actcli_is 'deadcheck '" -l find-limit -d 'Find the learning rate above which more units die than --fail-above allows'
complete -c actcli -n "__actcli_is 'deadcheck '" -l born-dead -d 'Print the risk that a relu network of --width and --depth is dead before training; without --train'
complete -c actcli -n "__actcli_is 'deadcheck '" -l export -r -F -d 'Write the first trained network: .onnx, or its weights as .npz'
complete -c actcli -n "__actcli_is 'deadcheck '" -l export-data -r -F -d 'Write the held-out samples as the networks take them (.npy), for --data with that model'
complete -c actcli -n "__actcli_is 'deadcheck '" -l epochs -x -d 'Passes over the training set'
complete -c actcli -n "__actcli_is 'deadcheck '" -l lr -x -d 'Learning rates, with commas, each tried by itself; or auto: the best of ten for each function, chosen without the test set'
complete -c actcli -n "__actcli_is 'deadcheck '" -l optimizer -x -a 'sgd momentum rmsprop adam adamw' -d 'sgd, momentum, rmsprop, adam or adamw'
complete -c actcli -n "__actcli_is 'deadcheck '" -l warmup -x -d 'Epochs, or parts of one, over which the learning rate rises from 0 to its value'
complete -c actcli -n "__actcli_is 'deadcheck '" -l schedule -x -a 'constant cosine' -d 'The learning rate after the warm-up: constant or cosine (falls to 0)'
complete -c actcli -n "__actcli_is 'deadcheck '" -l target -x -d 'Column of the table to predict from the others: its name, or its number from 1'
complete -c actcli -n "__actcli_is 'deadcheck '" -l decay -x -d 'L2 penalty: D times each weight is added to its gradient; adamw shrinks the weights instead'
complete -c actcli -n "__actcli_is 'deadcheck '" -l learn -x -d 'Parameters of the functions to train with the weights, with commas: beta'
complete -c actcli -n "__actcli_is 'deadcheck '" -l depth -x -d 'Hidden layers; several depths with commas'
complete -c actcli -n "__actcli_is 'deadcheck '" -l width -x -d 'Units per hidden layer'
complete -c actcli -n "__actcli_is 'deadcheck '" -l splits -x -d 'Ways to split the data for training and testing, each with --seeds networks; intervals cover both'
complete -c actcli -n "__actcli_is 'deadcheck '" -l seeds -x -d 'Networks of each kind on each split, each with its own weights and batches'
complete -c actcli -n "__actcli_is 'deadcheck '" -l init -x -d 'Initial weights: he, xavier, lecun, gain, orthogonal, or usual: what is customary for each function'
complete -c actcli -n "__actcli_is 'deadcheck '" -l batch-norm -d 'Normalise preactivations over each batch, with trained gains'
complete -c actcli -n "__actcli_is 'deadcheck '" -l residual -d 'Add a skip connection around each hidden layer but the first'
complete -c actcli -n "__actcli_is 'deadcheck '" -l record -r -F -d 'Write the numbers of every epoch of every network: .csv or .jsonl'
complete -c actcli -n "__actcli_is 'deadcheck '" -l size -x -d 'column (3.5 in wide), page (7.2 in), slide (10 x 5.6 in) or WxH: 9x6cm, 90x60mm, 3.5x2.4in'
complete -c actcli -n "__actcli_is 'deadcheck '" -l dpi -x -d 'Pixels per inch of a .png'
complete -c actcli -n "__actcli_is 'deadcheck '" -l sort -d 'List the layers with most dead units first'
complete -c actcli -n "__actcli_is 'deadcheck '" -l units -d 'List the units that are not alive: firings, bound, largest pre-activation, cause, first and last sample that fired; of a timeline, when each died and revived'
complete -c actcli -n "__actcli_is 'deadcheck '" -l map -d 'Draw each layer\'s units as a strip, shaded by how often they fire'
complete -c actcli -n "__actcli_is 'deadcheck '" -l format -x -a 'table plain csv tsv json jsonl markdown junit html' -d 'table, plain, csv, tsv, json, jsonl, markdown, junit or html'
complete -c actcli -n "__actcli_is 'deadcheck '" -s o -l output -r -F -d 'Write to FILE: .csv, .tsv, .json, .jsonl, .txt, .md, .html, .xml for junit; a picture of the units or the timeline as .svg, .pdf, .eps, .png'
complete -c actcli -n "__actcli_is 'deadcheck '" -l quiet -d 'Print nothing but errors: the exit status tells'
complete -c actcli -n "__actcli_is 'deadcheck '" -l cluster -x -d 'Share the work with a Dask cluster: the scheduler\'s address, such as tcp://host:8786, or local:N for N processes on this machine'
complete -c actcli -n "__actcli_is 'deadcheck '" -l resume -x -d 'Go on with the file that --save-state left where a shard could not be read: only what is missing is read'
complete -c actcli -n "__actcli_is 'deadcheck '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is 'deadcheck '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is 'deadcheck '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is 'deadcheck '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is 'deadcheck '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is 'deadcheck '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'list '" -l family -x -a 'rectifier exponential gated sigmoid shrink wave row formula' -d 'rectifier, exponential, gated, sigmoid, shrink, wave, row or formula'
complete -c actcli -n "__actcli_is 'list '" -l smooth -d 'Only functions with derivatives of every order'
complete -c actcli -n "__actcli_is 'list '" -l monotone -d 'Only functions that never decrease, or never increase'
complete -c actcli -n "__actcli_is 'list '" -l bounded -d 'Only functions with a finite range'
complete -c actcli -n "__actcli_is 'list '" -l framework -x -a 'torch jax keras onnx hf' -d 'Only functions of torch, jax, keras, onnx or hf; a table shows their names there'
complete -c actcli -n "__actcli_is 'list '" -l own -d 'Only your own functions'
complete -c actcli -n "__actcli_is 'list '" -l functions -r -F -d 'Read functions of your own from FILE (TOML), in addition to ACTCLI_CONFIG or ~/.config/actcli/functions.toml'
complete -c actcli -n "__actcli_is 'list '" -l format -x -a 'table plain csv tsv json jsonl markdown' -d 'table, plain, csv, tsv, json, jsonl or markdown'
complete -c actcli -n "__actcli_is 'list '" -s o -l output -r -F -d 'Write to FILE: .csv, .tsv, .json, .jsonl, .txt or .md'
complete -c actcli -n "__actcli_is 'list '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is 'list '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is 'list '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is 'list '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is 'list '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is 'list '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'info '" -l cost -d 'Also measure the time per element of our NumPy code here, relative to relu'
complete -c actcli -n "__actcli_is 'info '" -l with -x -d 'Also time torch, jax, with commas, each relative to its own relu'
complete -c actcli -n "__actcli_is 'info '" -l accuracy -d 'Also measure the error of the code that --code python writes, in ULP, in float64 and float32'
complete -c actcli -n "__actcli_is 'info '" -l code -x -a 'python torch jax tensorflow latex c triton' -d 'Write the function as code instead: python, torch, jax, tensorflow, latex, c or triton; -o FILE.py, .tex or .c'
complete -c actcli -n "__actcli_is 'info '" -l module -d 'With --code torch, add an nn.Module whose parameters are trained, those that no gradient reaches are buffers'
complete -c actcli -n "__actcli_is 'info '" -l dtype -x -a 'float32 float64' -d 'With --code c or triton, the type of the numbers: float32 or float64'
complete -c actcli -n "__actcli_is 'info '" -l order -x -d 'With --code, write the derivative of this order in symbols, 1 to 8, instead of the function'
complete -c actcli -n "__actcli_is 'info '" -l format -x -a 'table plain csv tsv json jsonl markdown' -d 'table, plain, csv, tsv, json, jsonl or markdown'
complete -c actcli -n "__actcli_is 'info '" -s o -l output -r -F -d 'Write to FILE: .csv, .tsv, .json, .jsonl, .txt or .md'
complete -c actcli -n "__actcli_is 'info '" -l set -x -d 'Set a parameter of the function, as after a colon'
complete -c actcli -n "__actcli_is 'info '" -l framework -x -a 'pytorch torch jax keras tensorflow onnx' -d 'Take names as those of pytorch, torch, jax, keras, tensorflow or onnx: gelu is torch.gelu'
complete -c actcli -n "__actcli_is 'info '" -l no-rewrite -d 'Compute formulas exactly as typed, even where that loses digits: log(1+u) is not turned into log1p(u)'
complete -c actcli -n "__actcli_is 'info '" -l functions -r -F -d 'Read functions of your own from FILE (TOML), in addition to ACTCLI_CONFIG or ~/.config/actcli/functions.toml'
complete -c actcli -n "__actcli_is 'info '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is 'info '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is 'info '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is 'info '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is 'info '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is 'info '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'save '" -l set -x -d 'Default value of a parameter'
complete -c actcli -n "__actcli_is 'save '" -l bounds -x -d 'Bounds of a parameter; either may be missing, and a round bracket excludes one: \'b=(0:10]\''
complete -c actcli -n "__actcli_is 'save '" -l note -x -d 'A description, which list and info show'
complete -c actcli -n "__actcli_is 'save '" -l force -d 'Replace a function of your own; its aliases stay'
complete -c actcli -n "__actcli_is 'save '" -l functions -r -F -d 'Change FILE instead of ACTCLI_CONFIG or ~/.config/actcli/functions.toml'
complete -c actcli -n "__actcli_is 'save '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is 'save '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is 'save '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is 'save '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is 'save '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is 'save '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'remove '" -l functions -r -F -d 'Change FILE instead of ACTCLI_CONFIG or ~/.config/actcli/functions.toml'
complete -c actcli -n "__actcli_is 'remove '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is 'remove '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is 'remove '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is 'remove '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is 'remove '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is 'remove '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'claims '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is 'claims '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is 'claims '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is 'claims '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is 'claims '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is 'claims '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'completion '" -l color -x -a 'auto always never' -d 'Colour: auto, always or never'
complete -c actcli -n "__actcli_is 'completion '" -l theme -x -a 'auto light dark colorblind mono' -d 'Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono'
complete -c actcli -n "__actcli_is 'completion '" -l threads -x -d 'Worker threads'
complete -c actcli -n "__actcli_is 'completion '" -l memory -x -d 'Memory that a run may take, such as 4GB'
complete -c actcli -n "__actcli_is 'completion '" -l debug -d 'Show the traceback of an error'
complete -c actcli -n "__actcli_is 'completion '" -s h -l help -d 'Show this help'
complete -c actcli -n "__actcli_is 'eval 0'" -a '(__actcli_functions)'
complete -c actcli -n "__actcli_after eval 1" -F
complete -c actcli -n "__actcli_is 'grad 0'" -a '(__actcli_functions)'
complete -c actcli -n "__actcli_after grad 1" -F
complete -c actcli -n "__actcli_after plot 0" -a '(__actcli_functions)'
complete -c actcli -n "__actcli_after compare 0" -a '(__actcli_functions)'
complete -c actcli -n "__actcli_after deadcheck 0" -F
complete -c actcli -n "__actcli_is 'list 0'" -a '(__actcli_functions)'
complete -c actcli -n "__actcli_is 'info 0'" -a '(__actcli_functions)'
complete -c actcli -n "__actcli_is 'save 0'" -F
complete -c actcli -n "__actcli_is 'save 1'" -F
complete -c actcli -n "__actcli_is 'remove 0'" -F
complete -c actcli -n "__actcli_is 'claims 0'" -F
complete -c actcli -n "__actcli_is 'completion 0'" -a 'bash zsh fish'
